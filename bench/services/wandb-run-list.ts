import { z } from "zod";
import type { WandbBackend } from "../../src/emulators/wandb/backend.ts";
import { countRuns, listRuns } from "../../src/emulators/wandb/run-list.ts";
import type { WandbProject } from "../../src/emulators/wandb/project.ts";
import type { SerializedRun } from "./wandb-runs.ts";

const names = z.array(z.string());
const conditionShape = z.union([
  z.strictObject({}),
  z.strictObject({ createdAt: z.strictObject({ $gte: z.iso.datetime() }) }),
  z.strictObject({ createdAt: z.strictObject({ $lt: z.iso.datetime() }) }),
  z.strictObject({ name: z.strictObject({ $in: names }) }),
  z.strictObject({ name: z.strictObject({ $nin: names }) }),
]);
const filterShape = z.union([
  conditionShape.transform((condition) => [condition]),
  z.strictObject({ $and: z.array(conditionShape) }).transform(({ $and }) => $and),
]);

type Condition = z.output<typeof conditionShape>;

/** Which runs, and in which order, as GraphQL's arguments say it. */
export interface RunSelection {
  readonly filters: string;
  readonly order: string;
}

/**
 * The runs of a project in the order of their creation. Finds those in a range of creation times or
 * with certain ids without looking at all; for any other filter or order, it asks the emulator.
 */
export class WandbRunList {
  readonly #project: WandbProject;
  readonly #backend: WandbBackend;
  readonly #byName: Map<string, SerializedRun>;
  #byCreation: readonly SerializedRun[];

  constructor(runs: readonly SerializedRun[], project: WandbProject, backend: WandbBackend) {
    this.#project = project;
    this.#backend = backend;
    this.#byCreation = sortByCreation(runs);
    this.#byName = new Map(runs.map((serialized) => [serialized.run.name, serialized]));
  }

  /** The run with this id. */
  get(name: string): SerializedRun | undefined {
    return this.#byName.get(name);
  }

  /** Adds a run, or replaces the one with its id. */
  put(serialized: SerializedRun): void {
    this.#byName.set(serialized.run.name, serialized);
    this.#byCreation = sortByCreation([...this.#byName.values()]);
  }

  /** The runs that match. */
  select({ filters, order }: RunSelection): readonly SerializedRun[] {
    const conditions = parseConditions(filters);
    const isByCreation = order === "+created_at" || order === "-created_at";
    if (!conditions || !isByCreation)
      return listRuns(this.#project, { filters, order }, this.#backend).flatMap(
        ({ name }) => this.#byName.get(name) ?? [],
      );
    const found = this.#matching(conditions);
    return order === "-created_at" ? found.toReversed() : found;
  }

  /** How many runs match. */
  count(filters: string): number {
    const conditions = parseConditions(filters);
    if (!conditions) return countRuns(this.#project, filters, this.#backend);
    return this.#matching(conditions).length;
  }

  #matching(conditions: readonly Condition[]): readonly SerializedRun[] {
    return conditions.reduce<readonly SerializedRun[]>((runs, condition) => {
      if ("createdAt" in condition) {
        const { createdAt } = condition;
        if ("$gte" in createdAt) return runs.slice(indexAt(runs, createdAt.$gte));
        return runs.slice(0, indexAt(runs, createdAt.$lt));
      }
      if ("name" in condition) return this.#named(runs, condition.name);
      return runs;
    }, this.#byCreation);
  }

  #named(
    runs: readonly SerializedRun[],
    condition: { readonly $in: readonly string[] } | { readonly $nin: readonly string[] },
  ): readonly SerializedRun[] {
    if ("$nin" in condition) {
      const left = new Set(condition.$nin);
      return runs.filter(({ run }) => !left.has(run.name));
    }
    const named = sortByCreation(
      [...new Set(condition.$in)].flatMap((name) => this.#byName.get(name) ?? []),
    );
    if (runs === this.#byCreation) return named;
    const all = new Set(runs);
    return named.filter((serialized) => all.has(serialized));
  }
}

/** Undefined for a filter of another form. */
function parseConditions(filters: string): readonly Condition[] | undefined {
  return filterShape.safeParse(JSON.parse(filters)).data;
}

function sortByCreation(runs: readonly SerializedRun[]): readonly SerializedRun[] {
  return runs.toSorted((a, b) => a.createdMs - b.createdMs || a.run.number - b.run.number);
}

/** The index of the first run that was not created before an instant. */
function indexAt(runs: readonly SerializedRun[], instant: string): number {
  const ms = Date.parse(instant);
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle]?.createdMs ?? Infinity) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
