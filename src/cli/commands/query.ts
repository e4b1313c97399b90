import { ConfigError } from "../../core/errors.ts";
import type { Source } from "../../core/source.ts";
import { queryDestination } from "../../destination/open.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import type { Invocation } from "../invocation/invocation.ts";
import { locateDestination } from "../invocation/locate-destination.ts";
import type { FormatName } from "../query/formats.ts";
import { printRows } from "../query/print-rows.ts";
import { printTable } from "../query/print-table.ts";
import { readQuery } from "../query/read-query.ts";

/** `query`: runs SQL that only reads against the destination, and prints what it finds. */
export async function queryCommand(invocation: Invocation<Source | undefined>): Promise<number> {
  const { terminal, flags, signal } = invocation;
  const format = formatOf(flags, terminal.isTerminal);
  const query = await readQuery(flags, syncCommandOf(invocation));
  const { url } = await locateDestination(flags, invocation.source && [invocation.source.name]);
  await using result = await queryDestination(url, query, { signal });
  if (format === "table") await printTable(result, terminal, flags.limit);
  else await printRows(result, terminal, { format, limit: flags.limit, signal });
  return exitStatus.completed;
}

/** `wandb-sync`, or `rivulet <source>` where the program has several. */
function syncCommandOf({ program, source }: Invocation<Source | undefined>): string {
  return source === undefined ? `${program} <source>` : program;
}

function formatOf(
  flags: Pick<Invocation["flags"], FormatName & keyof Invocation["flags"]>,
  isTerminal: boolean,
): FormatName | "table" {
  const chosen = (["csv", "json", "nl"] as const).filter((name) => flags[name] === true);
  const [format = isTerminal ? "table" : "tsv", other] = chosen;
  if (other === undefined) return format;
  throw new ConfigError(`query: --${format} and --${other} exclude each other; choose one`);
}
