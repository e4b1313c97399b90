import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Source } from "../../src/core/source.ts";
import { serve, type ServeOptions } from "../../src/fivetran/server.ts";
import { runTester, type Report, type TesterOptions } from "./tester.ts";
import { Warehouse } from "./warehouse.ts";

/** A served source, and the files of Fivetran's side. */
export interface ServedSource extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  /** Log lines so far. */
  readonly lines: readonly string[];
  /** Runs a sync as Fivetran does. */
  sync(options?: Pick<TesterOptions, "select" | "cutAfter">): Promise<Report>;
  /** The rows in Fivetran's destination. */
  rows(table: string): readonly Readonly<Record<string, unknown>>[];
}

/** Serves a source on a free port, in this process. */
export async function serveSource(
  source: Source,
  configuration: Readonly<Record<string, string>> = {},
  options: Pick<
    ServeOptions,
    "maxKeyCharacters" | "clock" | "allowPrivate" | "host" | "memory"
  > = {},
): Promise<ServedSource> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-fivetran-"));
  await writeFile(join(folder, "configuration.json"), JSON.stringify(configuration));
  const lines: string[] = [];
  const end = new AbortController();
  const serving = await serve({
    // The services of tests are on this machine.
    allowPrivate: true,
    ...options,
    source,
    port: 0,
    signal: end.signal,
    threshold: "info",
    write: (line) => lines.push(line),
  });
  const { port } = serving;
  return {
    port,
    folder,
    lines,
    sync: (options = {}) => runTester({ port, folder, ...options }),
    rows(table) {
      using warehouse = new Warehouse(join(folder, "warehouse.db"));
      return warehouse.rows(table);
    },
    async [Symbol.asyncDispose]() {
      end.abort(new Error("the test is over"));
      await serving[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
