import { generatedCount, type GeneratedHistory } from "./generated-history.ts";
import { isRecord, parseJson } from "./json.ts";

/** The `keys` of `historyKeys`: statistics of each metric, by its dotted name. */
export type HistoryKeys = Readonly<Record<string, HistoryKey>>;

/** The statistics of one metric. */
interface HistoryKey {
  readonly typeCounts: readonly { readonly type: string; readonly count: number }[];
  readonly monotonic: boolean;
  readonly previousValue: unknown;
}

/** Counts the metrics in logged rows, and adds those that a generated history declares. */
export function countHistoryKeys(
  lines: readonly string[],
  generated?: GeneratedHistory,
): HistoryKeys {
  const counts = new Map<string, Map<string, number>>();
  const previous = new Map<string, unknown>();
  const count = (key: string, type: string, times: number): void => {
    const types = counts.get(key) ?? new Map<string, number>();
    counts.set(key, types.set(type, (types.get(type) ?? 0) + times));
  };
  if (generated) for (const key of generated.keys) count(key, "number", generatedCount(generated));
  for (const line of lines) {
    for (const [key, value] of flattenMetrics(parseJson(line))) {
      count(key, typeOf(value), 1);
      previous.set(key, value);
    }
  }
  const keys = [...counts].map(([key, types]): [string, HistoryKey] => {
    const typeCounts = [...types].map(([type, times]) => ({ type, count: times }));
    return [key, { typeCounts, monotonic: false, previousValue: previous.get(key) ?? null }];
  });
  return Object.fromEntries(keys);
}

/** The metrics of a row: nested objects are flattened to dotted names, media objects are not. */
export function flattenMetrics(row: unknown, prefix = ""): [string, unknown][] {
  if (!isRecord(row)) return [];
  return Object.entries(row).flatMap(([name, value]): [string, unknown][] => {
    const key = prefix + name;
    const nested = isRecord(value) && !("_type" in value) ? flattenMetrics(value, `${key}.`) : [];
    return nested.length > 0 ? nested : [[key, value]];
  });
}

function typeOf(value: unknown): string {
  if (value === null) return "nil";
  if (Array.isArray(value)) return "list";
  if (isRecord(value)) return typeof value["_type"] === "string" ? value["_type"] : "map";
  return typeof value;
}
