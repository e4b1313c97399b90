import { parseArgs } from "node:util";
import { ConfigError, messageOf } from "../core/errors.ts";
import type { Source } from "../core/source.ts";
import { serveCommand } from "./commands/serve.ts";
import { readFlags } from "./invocation/flags.ts";
import { runCommand } from "./run-command.ts";

/** The program that `npm run package` builds: serves one source to Fivetran, with one option. */
export async function serveStandalone(source: Source): Promise<void> {
  await runCommand(
    async (context) => {
      const parsed = { _: [], $0: "", ...parseOptions() };
      return await serveCommand({
        ...context,
        source,
        flags: readFlags(parsed, { flags: ["port"], argumentNames: [] }),
      });
    },
    { format: "json", level: "info" },
  );
}

function parseOptions(): Readonly<Record<string, string | undefined>> {
  try {
    return { ...parseArgs({ options: { port: { type: "string" } } }).values };
  } catch (cause) {
    throw new ConfigError(`${messageOf(cause)}; the only option is --port`, { cause });
  }
}
