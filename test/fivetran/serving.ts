import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Source } from "../../src/core/source.ts";
import { serve, type ServeOptions } from "../../src/fivetran/server.ts";
import { runTester, type Report, type TesterOptions } from "./tester.ts";
import { Warehouse } from "./warehouse.ts";

/** A source that is served, and where Fivetran's side keeps its files. */
export interface Served extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  /** The log lines so far. */
  readonly lines: readonly string[];
  /** A sync of Fivetran's. */
  sync(options?: Pick<TesterOptions, "select" | "cutAfter">): Promise<Report>;
  rows(table: string): readonly Readonly<Record<string, unknown>>[];
}

/** Serves a source on a free port, in this process. */
export async function served(
  source: Source,
  configuration: Readonly<Record<string, string>> = {},
  options: Pick<ServeOptions, "maxKeyCharacters" | "clock"> = {},
): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-fivetran-"));
  await writeFile(join(folder, "configuration.json"), JSON.stringify(configuration));
  const lines: string[] = [];
  const end = new AbortController();
  const serving = await serve({
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
