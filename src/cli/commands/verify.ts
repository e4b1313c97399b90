import type { Destination, SettledEntry } from "../../core/destination.ts";
import type { Rejected, Stream } from "../../core/source.ts";
import { boundedKey } from "../../destination/sql/key-text.ts";
import { verifyStream } from "../../engine/verify.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, readOptionsOf, type Invocation } from "../invocation/invocation.ts";
import { isSame, printDifferences, type StreamDifferences } from "../terminal/differences.ts";
import { openProgress, type ProgressView } from "../terminal/progress.ts";
import { formatVerifyCost } from "../terminal/verify-cost.ts";
import { openConfiguredDestination } from "./open-configured-destination.ts";

/** How many syncs are looked through for one that read as much. */
const maxSyncs = 1000;

/** How many unreadable rows are named, as many as of other differences. */
const maxNamed = 1000;

/**
 * `verify`: compares the rows in source and destination, value by value, names the settled gaps,
 * and writes nothing. Says beforehand how much it reads. Exit status 1 if rows differ or could not
 * be compared.
 */
export async function verifyCommand(invocation: Invocation): Promise<number> {
  const { terminal, flags } = invocation;
  const keysOnly = flags["keys-only"] === true;
  const configured = await configure(invocation);
  const { streams, pipeline, context } = configured;
  await using destination = await openConfiguredDestination(configured);
  const storedRows = new Map<string, number>();
  for (const stream of streams) storedRows.set(stream.name, await destination.rowCount(stream));
  // A sync of all streams says nothing about some of them.
  const syncs = flags.streams ? [] : await destination.syncs(maxSyncs, pipeline.name);
  terminal.log.info(formatVerifyCost({ storedRows, syncs, keysOnly }));
  const settled = await destination.settledEntries(pipeline.name);
  const visible = flags.quiet !== true && terminal.format === "pretty";
  using progress = openProgress(terminal, { visible, transfer: context.transfer });
  const differences: StreamDifferences[] = [];
  for (const stream of streams) {
    const options = {
      destination,
      settled,
      storedRows: storedRows.get(stream.name) ?? 0,
      progress,
    };
    differences.push(await compareStream(stream, { ...options, keysOnly, invocation }));
  }
  progress.close();
  if (flags.json === true) terminal.printJson(differences);
  else printDifferences(differences, terminal);
  return differences.every(isSame) ? exitStatus.completed : exitStatus.failed;
}

interface CompareOptions {
  readonly destination: Destination;
  readonly settled: readonly SettledEntry[];
  readonly storedRows: number;
  readonly progress: ProgressView;
  readonly keysOnly: boolean;
  readonly invocation: Invocation;
}

async function compareStream(
  stream: Stream,
  { destination, settled, storedRows, progress, keysOnly, invocation }: CompareOptions,
): Promise<StreamDifferences> {
  const gaps = new SettledGaps(settled.filter((entry) => entry.stream === stream.name));
  const unreadable: string[] = [];
  let unreadableCount = 0;
  await using comparison = await destination.compare(stream, { keysOnly });
  const found = await verifyStream(stream, {
    ...readOptionsOf(invocation),
    comparison,
    storedRows,
    progress,
    onRejected(entry) {
      if (gaps.includes(entry)) return;
      unreadableCount += 1;
      if (unreadable.length < maxNamed) unreadable.push(`${entry.key} (${entry.reason})`);
    },
  });
  return {
    stream: stream.name,
    atSource: found.atSource,
    atDestination: found.atDestination,
    counts: {
      missing: found.missing.count,
      // An unreadable row may be one of the extra rows, so none of them is certain.
      extra: unreadable.length > 0 ? 0 : found.extra.count,
      different: found.different.count,
      unstorable: found.unstorable.count,
      unreadable: unreadableCount,
    },
    missing: found.missing.first,
    extra: unreadable.length > 0 ? [] : found.extra.first,
    different: found.different.first,
    unstorable: found.unstorable.first,
    unreadable,
    settled: gaps.all,
  };
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
