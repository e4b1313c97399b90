import { sql } from "kysely";
import type { QuarantineReason } from "../../core/destination.ts";
import type { Transaction } from "./dialect.ts";
import { unescapeUnstorable } from "./text-escaping.ts";

/** Reasons that are named for each stream; the entries with others are only counted. */
const maxNamed = 3;

/** Different texts that are compared for each stream. */
const maxTexts = 1000;

/** Characters of a reason that are shown, and characters that are read for that. */
const maxLength = 200;
const maxRead = 10 * maxLength;

/** A reason's text, and how many entries have exactly this one. */
interface ReasonText {
  readonly reason: string;
  readonly entries: number;
}

/**
 * Why a pipeline's entries are in quarantine, by stream and without settled ones; empty if the
 * database has no quarantine yet, or one of an older rivulet. The database groups equal texts, so
 * that memory does not grow with the number of entries.
 */
export async function readQuarantineReasons(
  tx: Transaction,
  pipeline: string,
): Promise<QuarantineReason[]> {
  const table = await tx.findTable("_rivulet_quarantine");
  if (!table?.columns.has("settled")) return [];
  const open = tx.db
    .selectFrom("_rivulet_quarantine")
    .where("pipeline", "=", pipeline)
    .where(sql<boolean>`not settled`);
  const entries = sql<number | string | bigint>`count(*)`;
  const streams = await open
    .select(["stream", entries.as("entries")])
    .groupBy("stream")
    .orderBy("stream")
    .execute();
  const reasons: QuarantineReason[] = [];
  for (const { stream, entries: total } of streams) {
    const texts = await open
      .where("stream", "=", stream)
      .select([
        sql<string>`substr(reason, 1, ${sql.lit(maxRead)})`.as("text"),
        entries.as("entries"),
      ])
      .groupBy("text")
      .orderBy("entries", "desc")
      .orderBy("text")
      .limit(maxTexts)
      .execute();
    const shown = texts.map(({ text, entries }) => ({
      reason: firstWords(unescapeUnstorable(text)),
      entries: Number(entries),
    }));
    for (const reason of mostFrequent(shown, Number(total)))
      reasons.push({ stream: unescapeUnstorable(stream), ...reason });
  }
  return reasons;
}

type CountedReason = Omit<QuarantineReason, "stream">;

/** The reasons that most entries have, and how many of `total` entries have others. */
function mostFrequent(texts: readonly ReasonText[], total: number): CountedReason[] {
  const byFault = new Map<string, { reason: string; entries: number; varies: boolean }>();
  for (const { reason, entries } of texts) {
    const fault = faultOf(reason);
    const found = byFault.get(fault);
    if (!found) byFault.set(fault, { reason, entries, varies: false });
    else {
      found.entries += entries;
      found.varies ||= found.reason !== reason;
    }
  }
  const named = [...byFault.values()]
    .sort((one, other) => other.entries - one.entries)
    .slice(0, maxNamed);
  const rest = named.reduce((left, { entries }) => left - entries, total);
  return rest > 0 ? [...named, { entries: rest }] : named;
}

/**
 * What the reasons of one fault have in common: a reason without the names, numbers and addresses
 * of its entry. Columns, constraints and the status of an answer belong to the fault.
 */
function faultOf(reason: string): string {
  const parts = reason.split('"');
  const isPartOfFault = (index: number): boolean =>
    /\b(?:column|constraint) $/.test(parts[index - 1] ?? "");
  return parts
    .map((part, index) => {
      if (index % 2 === 0) return part.split(" ").map(faultWord).join(" ");
      return isPartOfFault(index) ? part : "#";
    })
    .join('"');
}

function faultWord(word: string, index: number, words: readonly string[]): string {
  const isStatus = /^\d{3}\b/.test(word) && (words[index - 1] ?? "").endsWith(":");
  return isStatus || !/\d|:\/\//.test(word) ? word : "#";
}

/** The beginning of a text, on one line. Cut at a space, because half a secret is not redacted. */
function firstWords(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  if (line.length <= maxLength) return line;
  return `${line.slice(0, Math.max(0, line.lastIndexOf(" ", maxLength)))} …`;
}
