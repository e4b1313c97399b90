import type { Destination, SettledEntry } from "../../core/destination.ts";
import { keyOf, type ColumnType, type Key, type Table, type Value } from "../../core/schema.ts";
import type { Rejected, Stream } from "../../core/source.ts";
import { canonical, ValueError } from "../../core/value.ts";
import { openDestination } from "../../destination/open.ts";
import { boundedKey } from "../../destination/sql/key-text.ts";
import { readStream } from "../../engine/read-stream.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, readOptionsOf, type Invocation } from "../invocation/invocation.ts";
import { formatCount } from "../terminal/format-numbers.ts";
import { printSettledGaps } from "../terminal/settled-gaps.ts";
import { formatTable } from "../terminal/table.ts";

/** One stream's comparison, printed as it is by `--json`. */
interface Difference {
  readonly stream: string;
  /** The number of keys. */
  readonly atSource: number;
  readonly atDestination: number;
  /** Rows of the source that could not be read or understood, with the reason. */
  readonly unreadable: readonly string[];
  /** Keys that only the source has. */
  readonly missing: readonly string[];
  /** Keys that only the destination has. */
  readonly extra: readonly string[];
  /** What is incomplete at the service for good; no difference. */
  readonly settled: readonly Pick<SettledEntry, "key" | "reason">[];
}

/**
 * `verify`: compares the keys in source and destination, names the settled gaps, and writes
 * nothing. Exit status 1 if the keys differ or could not be compared.
 */
export async function verifyCommand(invocation: Invocation): Promise<number> {
  const { terminal, flags } = invocation;
  const configured = await configure(invocation);
  await using destination = await openDestination(configured.destination, configured.context);
  const differences: Difference[] = [];
  const settled = await destination.settledEntries(configured.pipeline.name);
  for (const stream of configured.streams)
    differences.push(await compare(stream, { destination, settled }, invocation));
  if (flags.json === true) terminal.printJson(differences);
  else printDifferences(differences, invocation);
  const same = differences.every(
    ({ unreadable, missing, extra }) => unreadable.length + missing.length + extra.length === 0,
  );
  return same ? exitStatus.completed : exitStatus.failed;
}

interface Copy {
  readonly destination: Destination;
  readonly settled: readonly SettledEntry[];
}

async function compare(
  stream: Stream,
  { destination, settled }: Copy,
  invocation: Invocation,
): Promise<Difference> {
  const missing = new Set<string>();
  const unreadable: string[] = [];
  const gaps = new SettledGaps(settled.filter((entry) => entry.stream === stream.name));
  const options = { ...readOptionsOf(invocation), checkpoints: new Map<string, never>() };
  for await (const group of readStream(stream, options)) {
    for (const { rows, rejected = [] } of group) {
      for (const row of rows) missing.add(keyText(stream, keyOf(stream, row)));
      for (const entry of rejected)
        if (!gaps.includes(entry)) unreadable.push(`${entry.key} (${entry.reason})`);
    }
  }
  const atSource = missing.size;
  const extra: string[] = [];
  let atDestination = 0;
  for await (const key of destination.keys(stream)) {
    atDestination += 1;
    const text = keyText(stream, key);
    if (!missing.delete(text)) extra.push(text);
  }
  const counts = { stream: stream.name, atSource, atDestination, missing: [...missing] };
  // An unreadable row may be one of the extra keys, so none of them is certain.
  return { ...counts, unreadable, extra: unreadable.length > 0 ? [] : extra, settled: gaps.all };
}

/** The settled gaps of one stream: those in quarantine, and those that this read has met. */
class SettledGaps {
  readonly #byKey = new Map<string, Pick<SettledEntry, "key" | "reason">>();

  constructor(entries: readonly SettledEntry[]) {
    for (const { key, reason } of entries) this.#byKey.set(key, { key, reason });
  }

  get all(): readonly Pick<SettledEntry, "key" | "reason">[] {
    return [...this.#byKey.values()];
  }

  /** Whether an entry is one of them: the service may not say so in a read from the start. */
  includes({ key, reason, settled = false }: Rejected): boolean {
    const stored = boundedKey(key);
    if (settled && !this.#byKey.has(stored)) this.#byKey.set(stored, { key, reason });
    return this.#byKey.has(stored);
  }
}

/** A key as canonical text: equal keys are equal texts. */
function keyText({ columns, primaryKey }: Table, key: Key): string {
  const parts = primaryKey.map((column, index) => {
    const value = key[index];
    return value == null ? null : canonicalText(columns[column] ?? "string", value);
  });
  return JSON.stringify(parts.length === 1 ? parts[0] : parts);
}

function canonicalText(type: ColumnType, value: Exclude<Value, null | undefined>): string {
  try {
    return String(canonical[type](value));
  } catch (error) {
    if (error instanceof ValueError) return String(value);
    throw error;
  }
}

function printDifferences(differences: readonly Difference[], { terminal }: Invocation): void {
  const numbers = ["in source", "in destination", "missing", "extra", "unreadable"];
  const columns = ["stream", ...numbers.map((name) => `#${name}`)];
  const rows = differences.map(
    ({ stream, atSource, atDestination, missing, extra, unreadable }) => [
      stream,
      ...[atSource, atDestination, missing.length, extra.length, unreadable.length].map(
        formatCount,
      ),
    ],
  );
  terminal.print(formatTable({ columns, rows }, terminal));
  for (const { stream, missing, extra, unreadable } of differences) {
    const findings = [
      [missing, "missing", "run sync, then look into _rivulet_quarantine"],
      [extra, "not in the source", "run sync"],
      [unreadable, "unreadable", "try again"],
    ] as const;
    for (const [keys, finding, remedy] of findings) {
      if (keys.length > 0) terminal.print(`${stream}: ${finding}: ${formatKeys(keys)}; ${remedy}`);
    }
  }
  printSettledGaps(differences.flatMap(gapsOf), terminal);
}

function gapsOf({ stream, settled }: Difference): SettledEntry[] {
  return settled.map((entry) => ({ stream, ...entry }));
}

function formatKeys(keys: readonly string[]): string {
  return (
    keys.slice(0, 5).join(", ") +
    (keys.length > 5 ? `, and ${formatCount(keys.length - 5)} more` : "")
  );
}
