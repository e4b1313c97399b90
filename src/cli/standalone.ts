import { parseArgs } from "node:util";
import { ConfigError, messageOf } from "../core/errors.ts";
import type { Source } from "../core/source.ts";
import { serveCommand } from "./commands/serve.ts";
import { flagOptions, readFlags } from "./invocation/flags.ts";
import { runCommand } from "./run-command.ts";

const optionNames = ["port", "host", "allow-private"] as const;

/** The program that `npm run package` builds: serves one source to Fivetran, with few options. */
export async function serveStandalone(source: Source): Promise<void> {
  await runCommand(
    async (context) => {
      const parsed = { _: [], $0: "", ...parseOptions() };
      return await serveCommand({
        ...context,
        source,
        program: `${source.name}-connector`,
        flags: readFlags(parsed, { flags: optionNames, argumentNames: [] }),
      });
    },
    { format: "json", level: "info" },
  );
}

function parseOptions(): Readonly<Record<string, unknown>> {
  try {
    return { ...parseArgs({ options: flagOptions(optionNames) }).values };
  } catch (cause) {
    const options = optionNames.map((name) => `--${name}`).join(", ");
    throw new ConfigError(`${messageOf(cause)}; the options are ${options}`, { cause });
  }
}
