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
  const { name } = configured.pipeline;
  const maxAgeMs = invocation.flags["max-age"];
  if (maxAgeMs !== undefined) return await checkAge(destination, name, { ...invocation, maxAgeMs });
  await showSyncs(destination, name, invocation);
  return exitStatus.completed;
}

/** How many syncs are looked at to find one that completed. */
const recentSyncs = 1000;

/** For health checks and alerts: 0 if a sync has completed in that time, at least in part. */
async function checkAge(
  destination: Destination,
  name: string,
  { terminal, maxAgeMs }: Pick<Invocation, "terminal"> & { readonly maxAgeMs: number },
): Promise<number> {
  const syncs = await destination.syncs(recentSyncs, name);
  const last = syncs.find(({ status }) => status === "completed" || status === "partial");
  if (last?.endedAt === undefined) {
    terminal.print(`${name}: no sync into ${destination.label} has completed yet`);
    return exitStatus.failed;
  }
  const ageMs = Date.now() - Date.parse(last.endedAt);
  terminal.print(`${name}: the last sync completed ${formatAge(ageMs)} ago`);
  return ageMs <= maxAgeMs ? exitStatus.completed : exitStatus.failed;
}

function formatAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
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
