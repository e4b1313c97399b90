import type { Destination, SyncRecord } from "../core/destination.ts";
import { visibleLine } from "../core/visible-text.ts";
import type { Block, RowsBlock, SyncsBlock } from "./blocks.ts";
import { toCell, toNumber } from "./cells.ts";
import { selectIfExists } from "./query-section.ts";

/** Syncs that the timeline shows. */
const maxSyncs = 1000;

/** What every source has: syncs, freshness, rows a day, quarantine and the sizes of its tables. */
export async function readOverview(
  destination: Destination,
  pipeline: string,
  tables: readonly string[],
): Promise<readonly Block[]> {
  const syncs = [...(await destination.syncs(maxSyncs, pipeline))].reverse();
  const sizes = await readSizes(destination, tables);
  const quarantine = await readQuarantine(destination, pipeline);
  const blocks: (Block | undefined)[] = [
    tilesOf({ syncs, sizes, quarantine }),
    syncs.length > 0 ? timelineOf(syncs) : undefined,
    rowsPerDay(syncs),
    sizes,
    quarantine,
  ];
  return blocks.filter((block) => block !== undefined);
}

interface Facts {
  readonly syncs: readonly SyncRecord[];
  readonly sizes: RowsBlock | undefined;
  readonly quarantine: RowsBlock | undefined;
}

function tilesOf({ syncs, sizes, quarantine }: Facts): Block {
  const last = syncs.at(-1);
  const good = syncs.findLast(({ status }) => status === "completed" || status === "partial");
  const rejected = sumOf(quarantine, 2);
  const tiles = [
    {
      label: "Last sync",
      value: last?.status ?? "never",
      tone: last?.status === "completed" ? ("good" as const) : ("bad" as const),
    },
    {
      label: "Data as of (UTC)",
      value: good?.endedAt?.slice(0, 16).replace("T", " ") ?? "unknown",
      tone: "plain" as const,
    },
    { label: "Rows", value: sumOf(sizes, 1).toLocaleString("en"), tone: "plain" as const },
    {
      label: "In quarantine",
      value: rejected.toLocaleString("en"),
      tone: rejected === 0 ? ("good" as const) : ("bad" as const),
    },
  ];
  return { show: "tiles", tiles };
}

function sumOf(block: RowsBlock | undefined, column: number): number {
  return (block?.rows ?? []).reduce((sum, row) => sum + Number(row[column] ?? 0), 0);
}

function timelineOf(syncs: readonly SyncRecord[]): SyncsBlock {
  return {
    show: "syncs",
    title: "Syncs",
    note: "Each dot is a sync; its height is how long it took.",
    sql: "SELECT pipeline, started_at, ended_at, status, requests\nFROM _rivulet_sync ORDER BY started_at DESC LIMIT 20",
    syncs: syncs.map(({ startedAt, endedAt, status, counts, error = "" }) => ({
      startedAt: Date.parse(startedAt),
      endedAt: endedAt === undefined ? null : Date.parse(endedAt),
      status,
      written: [...counts.values()].reduce((sum, each) => sum + each.inserted + each.updated, 0),
      error: withoutPaths(visibleLine(error.split("\n")[0] ?? "")),
    })),
  };
}

/** Reports are shared: no folders of this machine. Addresses of a service stay. */
function withoutPaths(text: string): string {
  return text.replace(/(?<![\w:/.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/"':]+[\\/])+/g, "…/");
}

function rowsPerDay(syncs: readonly SyncRecord[]): RowsBlock | undefined {
  const streams = [...new Set(syncs.flatMap(({ counts }) => [...counts.keys()]))];
  const days = new Map<string, number[]>();
  for (const { startedAt, counts } of syncs) {
    const day = startedAt.slice(0, 10);
    const sums = days.get(day) ?? streams.map(() => 0);
    for (const [stream, { inserted, updated }] of counts) {
      const index = streams.indexOf(stream);
      sums[index] = (sums[index] ?? 0) + inserted + updated;
    }
    days.set(day, sums);
  }
  if (days.size === 0) return undefined;
  return {
    show: "bars",
    title: "Rows written a day",
    note: "New and changed rows by the day (UTC) on which the sync began.",
    columns: ["day", ...streams.map(visibleLine)],
    rows: [...days].map(([day, sums]) => [day, ...sums]),
  };
}

async function readSizes(
  destination: Destination,
  tables: readonly string[],
): Promise<RowsBlock | undefined> {
  const rows = [];
  const queries = [];
  for (const table of tables) {
    const query = `SELECT '${table.replaceAll("'", "''")}' AS "table",
  sum(CASE WHEN _deleted THEN 0 ELSE 1 END) AS "rows", sum(CASE WHEN _deleted THEN 1 ELSE 0 END) AS "deleted",
  max(_synced_at) AS "last change"
FROM "${table.replaceAll('"', '""')}"`;
    const [row] = await selectIfExists(destination, query);
    if (!row) continue;
    queries.push(query);
    const count = (name: string): number => toNumber(row[name]) ?? 0;
    rows.push([toCell(table), count("rows"), count("deleted"), toCell(row["last change"])]);
  }
  if (rows.length === 0) return undefined;
  return {
    show: "table",
    title: "Tables",
    note: "Deleted: the service no longer has these rows. Last change (UTC): when a row was last written.",
    sql: queries.join("\nUNION ALL\n"),
    columns: ["table", "rows", "deleted", "last change"],
    rows,
  };
}

/** Texts in quotation marks and numbers may be values of a row, so reasons are shown without. */
async function readQuarantine(
  destination: Destination,
  pipeline: string,
): Promise<RowsBlock | undefined> {
  const sql = `SELECT stream, reason, count(*) AS "entries" FROM _rivulet_quarantine
WHERE pipeline = '${pipeline.replaceAll("'", "''")}' GROUP BY stream, reason ORDER BY 3 DESC`;
  const found = await selectIfExists(destination, sql);
  const counts = new Map<string, number>();
  for (const { stream, reason, entries } of found) {
    const shown = withoutValues(visibleLine(String(reason)));
    const key = JSON.stringify([String(stream), shown]);
    counts.set(key, (counts.get(key) ?? 0) + Number(entries));
  }
  const rows = [...counts].map(([key, count]) => [...(JSON.parse(key) as string[]), count]);
  if (rows.length === 0) return undefined;
  return {
    show: "table",
    title: "Quarantine by reason",
    note: "What could not be stored. Values are left out here; the table _rivulet_quarantine has them.",
    sql,
    columns: ["stream", "reason", "entries"],
    rows: rows.map((row) => row.map(toCell)),
  };
}

function withoutValues(reason: string): string {
  return withoutPaths(reason)
    .replace(/(column )?"(?:[^"\\]|\\.)*"/g, (quoted) =>
      quoted.startsWith("column ") ? quoted : '"…"',
    )
    .replace(/\d[\d.e+-]*/g, "#");
}
