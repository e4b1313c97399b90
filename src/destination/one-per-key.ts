import type { Row } from "../core/schema.ts";
import type { SqlValue } from "./dialect.ts";
import type { Step } from "./plan.ts";

/** Rows no two of which have the same key, and their values. */
export interface EachOnce {
  readonly values: readonly SqlValue[];
  readonly rows: readonly Row[];
}

/** A part of a step's rows, from and up to a place. */
interface Run {
  readonly from: number;
  readonly to: number;
}

/**
 * Without the rows that a later one of the same key replaces: no database takes one key twice in a statement. Rows that come in the order of
 * their keys within each batch, as metrics by step do, are put in order as a whole: a database likes that best, and nothing has to be collected.
 */
export function onePerKey(step: Step): EachOnce {
  const runs = runsOf(step);
  return (runs && inOrder(step, runs)) ?? lastPerKey(step);
}

/** The batches, if each is in strictly ascending order. */
function runsOf(step: Step): Run[] | undefined {
  const { rows, batches } = step;
  const runs = batches
    .map((from, index) => ({ from, to: batches[index + 1] ?? rows.length }))
    .filter(({ from, to }) => from < to);
  const { length: width } = step.prepared.table.columns;
  for (const { from, to } of runs) {
    for (let row = from + 1; row < to; row += 1) {
      if (!isBefore(step, (row - 1) * width, row * width)) return undefined;
    }
  }
  return runs;
}

/** The runs one after the other; undefined where they overlap. */
function inOrder(step: Step, runs: Run[]): EachOnce | undefined {
  const { values, rows } = step;
  const { length: width } = step.prepared.table.columns;
  const follows = (a: Run | undefined, b: Run): boolean =>
    !a || isBefore(step, (a.to - 1) * width, b.from * width);
  if (runs.every((run, index) => follows(runs[index - 1], run))) return { values, rows };
  runs.sort((a, b) => (isBefore(step, a.from * width, b.from * width) ? -1 : 1));
  if (!runs.every((run, index) => follows(runs[index - 1], run))) return undefined;
  // `flatMap` would take ten times as long.
  return {
    values: ([] as SqlValue[]).concat(
      ...runs.map(({ from, to }) => values.slice(from * width, to * width)),
    ),
    rows: ([] as Row[]).concat(...runs.map(({ from, to }) => rows.slice(from, to))),
  };
}

/** Whether the key at one place is less than the one at another. */
function isBefore({ prepared, values }: Step, a: number, b: number): boolean {
  for (const index of prepared.table.key) {
    const [before, after] = [values[a + index], values[b + index]];
    if (before === after) continue;
    return before != null && after != null && before < after;
  }
  return false;
}

function lastPerKey({ prepared: { table }, values, rows }: Step): EachOnce {
  const width = table.columns.length;
  const last = new Map<unknown, number>();
  for (let row = 0; row < rows.length; row += 1) {
    last.set(identity(table.key, values, row * width), row);
  }
  if (last.size === rows.length) return { values, rows };
  const kept = [...last.values()].sort((a, b) => a - b);
  return {
    values: kept.flatMap((row) => values.slice(row * width, (row + 1) * width)),
    rows: kept.flatMap((row) => rows.slice(row, row + 1)),
  };
}

function identity(key: readonly number[], values: readonly SqlValue[], start: number): SqlValue {
  const [only = 0] = key;
  if (key.length === 1) return values[start + only] ?? null;
  return key
    .map((index) => {
      const text = String(values[start + index]);
      return `${text.length}:${text}`;
    })
    .join("");
}
