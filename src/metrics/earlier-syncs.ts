import { lastCompleteName } from "./families.ts";

/** When a pipeline was last complete, as the metrics file of an earlier sync says. */
export interface EarlierSync {
  /** Absent: written by a version without this label. */
  readonly pipeline?: string;
  readonly source?: string;
  readonly lastComplete: Date;
}

/** The last complete syncs in a text in the Prometheus text format. */
export function parseEarlierSyncs(text: string): readonly EarlierSync[] {
  const samples = text.matchAll(new RegExp(`^${lastCompleteName}(?:\\{(.*)\\})? (\\S+)$`, "gm"));
  return [...samples].flatMap(([, labels = "", seconds]) => {
    const lastComplete = new Date(Number(seconds) * 1000);
    if (Number.isNaN(lastComplete.getTime())) return [];
    const { pipeline, source } = parseLabels(labels);
    return [
      {
        ...(pipeline === undefined ? {} : { pipeline }),
        ...(source === undefined ? {} : { source }),
        lastComplete,
      },
    ];
  });
}

function parseLabels(text: string): Partial<Record<string, string>> {
  const labels = text.matchAll(/(pipeline|source)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(
    [...labels].map(([, name = "", value = ""]) => [name, unescape(value)]),
  );
}

function unescape(value: string): string {
  return value.replaceAll(/\\(.)/g, (_escaped, letter: string) => (letter === "n" ? "\n" : letter));
}
