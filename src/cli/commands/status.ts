import type { Destination, SyncRecord } from "../../core/destination.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";
import { formatCount, formatSeconds } from "../terminal/format-numbers.ts";
import { printQuarantineReasons } from "../terminal/quarantine-reasons.ts";
import { printSettledGaps } from "../terminal/settled-gaps.ts";
import { formatTable } from "../terminal/table.ts";
import { openConfiguredDestination } from "./open-configured-destination.ts";

const defaultSyncs = 10;

/** `status`: shows recent syncs with their outcome, duration and counts, and the settled gaps. */
export async function statusCommand(invocation: Invocation): Promise<number> {
  const configured = await configure(invocation, { isOffline: true });
  await using destination = await openConfiguredDestination(configured);
  await showSyncs(destination, configured.pipeline.name, invocation);
  return exitStatus.completed;
}

/** Prints the recent syncs of a pipeline, and its settled gaps. */
export async function showSyncs(
  destination: Destination,
  name: string,
  { terminal, flags }: Pick<Invocation, "terminal" | "flags">,
): Promise<void> {
  const syncs = await destination.syncs(flags.limit ?? defaultSyncs, name);
  if (flags.json === true) {
    terminal.printJson(syncs.map((sync) => ({ ...sync, counts: Object.fromEntries(sync.counts) })));
  } else if (syncs.length === 0) {
    terminal.print(`${name} has never been synced into ${destination.label}`);
  } else {
    terminal.printStyled(formatTable({ columns, rows: syncs.map(cellsOf) }, terminal));
    const reasons = await destination.quarantineReasons(name);
    if (reasons.length > 0) terminal.print("");
    printQuarantineReasons(reasons, terminal);
    printSettledGaps(await destination.settledEntries(name), terminal);
  }
}

const columns = [
  "started",
  "status",
  "#took",
  "#inserted",
  "#updated",
  "#unchanged",
  "#deleted",
  "#requests",
  "error",
];

function cellsOf({ startedAt, endedAt, status, counts, transfer, error }: SyncRecord): string[] {
  const sum = (key: "inserted" | "updated" | "unchanged" | "deleted"): string =>
    formatCount([...counts.values()].reduce((total, counted) => total + counted[key], 0));
  const took =
    endedAt === undefined
      ? ""
      : formatSeconds((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  const started = startedAt.slice(0, 19).replace("T", " ");
  const written = [sum("inserted"), sum("updated"), sum("unchanged"), sum("deleted")];
  return [
    started,
    status,
    took,
    ...written,
    formatCount(transfer.requests),
    (error ?? "").split("\n")[0] ?? "",
  ];
}
