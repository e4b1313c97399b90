import { z } from "zod";
import { SourceError } from "../../../core/errors.ts";
import { shortDigest } from "../../../core/short-digest.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { Select } from "../../../http/graphql.ts";
import { runningMark, type ListedRun } from "../reader/listed-run.ts";

/** What changes within this time before an answer may change again at the same instant. */
const settlingMs = 5000;

/** Fields that some servers lack. All are light: no configuration, summary or history. */
const optionalFields = [
  ...["updatedAt", "state", "historyLineCount", "displayName", "tags", "group"],
  ...["jobType", "sweepName", "notes", "description"],
];

/** The fields of a listing. If all are equal, a run's row is unchanged. */
export function listedFields(select: Select): string {
  return `name createdAt heartbeatAt ${select("Run", optionalFields)}`;
}

const text = z.string().nullish();

/** The members of a run that the listing selects. */
export const listedShape = z.looseObject({
  name: z.string(),
  createdAt: z.string(),
  heartbeatAt: text,
  updatedAt: text,
  state: text,
  historyLineCount: z.int().nullish(),
});

/**
 * A run of a listing.
 *
 * @param date - When the service answered, in milliseconds since 1970.
 */
export function toListedRun(node: z.output<typeof listedShape>, date: number): ListedRun {
  const { name, createdAt, heartbeatAt, updatedAt, state, historyLineCount } = node;
  const created = toTimestamp(createdAt);
  if (created === undefined) throw new SourceError(`run ${name}: createdAt is not a timestamp`);
  const changes = [createdAt, heartbeatAt, updatedAt].map((instant) =>
    Date.parse(toTimestamp(instant ?? "") ?? ""),
  );
  const isRunning = state === "running";
  const lastChange = Math.max(...changes.filter((ms) => !Number.isNaN(ms)));
  return {
    id: name,
    created,
    lastChange,
    isRunning,
    lineCount: historyLineCount ?? undefined,
    fields:
      (isRunning ? runningMark : "") +
      digest([createdAt, heartbeatAt, ...optionalFields.map((field) => node[field])]),
    activity: digest([createdAt, heartbeatAt, state, historyLineCount]),
    isSettling: lastChange > date - settlingMs,
  };
}

function digest(values: readonly unknown[]): string {
  return shortDigest(JSON.stringify(values.map((value) => value ?? null)));
}
