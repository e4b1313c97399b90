import { parseArgs } from "node:util";
import { readFlags } from "./invocation/flags.ts";
import { serveCommand } from "./commands/serve.ts";
import { ConfigError, messageOf } from "../core/errors.ts";
import type { Source } from "../core/source.ts";
import { runCommand } from "./run-command.ts";

/** A whole program that serves one source to Fivetran: `--port` is all that it takes. What `npm run package` builds. */
export async function serveStandalone(source: Source): Promise<void> {
  await runCommand(
    async (shell) => {
      const given = { _: [], $0: "", ...parseOptions() };
      return await serveCommand({
        ...shell,
        source,
        flags: readFlags(given, { flags: ["port"], argumentNames: [] }),
      });
    },
    { format: "json", level: "info" },
  );
}

function parseOptions(): Readonly<Record<string, string | undefined>> {
  try {
    return { ...parseArgs({ options: { port: { type: "string" } } }).values };
  } catch (cause) {
    throw new ConfigError(`${messageOf(cause)}; --port is all that this program takes`, { cause });
  }
}
