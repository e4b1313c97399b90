import { readFile } from "node:fs/promises";
import { text as readText } from "node:stream/consumers";
import { ConfigError, messageOf } from "../../core/errors.ts";
import type { Query } from "../../core/query.ts";
import type { Flags } from "../invocation/flags.ts";

const defaultSeconds = 60;

/** The query that the command line names: its text, parameters and time limit. */
export async function readQuery(flags: Flags, syncCommand: string): Promise<Query> {
  const { sql, file, param = [], timeout = defaultSeconds } = flags;
  return {
    text: await readSql(sql, file),
    parameters: readParameters(param),
    timeoutMs: timeout * 1000,
    syncCommand,
  };
}

async function readSql(sql: string | undefined, file: string | undefined): Promise<string> {
  if (sql !== undefined && file !== undefined)
    throw new ConfigError("query: has SQL as an argument and with --file; give one of them");
  if (file !== undefined) return await readSqlFile(file);
  // yargs makes an empty text of a lone dash.
  if (sql === "" && process.argv.includes("-")) return await readText(process.stdin);
  if (sql !== undefined) return sql;
  throw new ConfigError(
    'query: there is no SQL; give it as an argument, as in query "SELECT 1", with --file FILE, or - for standard input',
  );
}

async function readSqlFile(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new ConfigError(`--file ${file}: cannot be read (${messageOf(cause)}); name another`, {
      cause,
    });
  }
}

function readParameters(given: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const text of given) {
    const [, name, value] = /^([A-Za-z_]\w*)=([^]*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new ConfigError(`-p ${text}: expected NAME=VALUE, as in -p lr=0.1`);
    if (parameters.has(name))
      throw new ConfigError(`-p ${name}: given more than once; leave one out`);
    parameters.set(name, value);
  }
  return parameters;
}
