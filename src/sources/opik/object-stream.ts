import { shortDigest } from "../../core/short-digest.ts";
import type { ReadOptions, Stream, StreamBatch } from "../../core/source.ts";
import { PageMapper, type RowDeclaration } from "../../http/paging/page-mapper.ts";
import type { Workspace } from "./workspace.ts";
import type { ListName } from "./workspace-lists.ts";

interface ObjectDeclaration extends RowDeclaration {
  readonly description: string;
  readonly list: ListName;
}

/** Rows per batch. */
const batchSize = 500;

/** The stream of the projects or datasets of a workspace, all of which each sync lists. */
export function objectStream(workspace: Workspace, declaration: ObjectDeclaration): Stream {
  const { name, description, columns, primaryKey, list } = declaration;
  return {
    name,
    description,
    columns,
    primaryKey,
    units: { rows: list },
    async *read(options: ReadOptions): AsyncGenerator<StreamBatch> {
      const scope = shortDigest(name);
      const { tracked, toSave } = await workspace.track(list, { scope, options });
      const mapper = new PageMapper(declaration, options.log);
      const objects = [...tracked.listing.items.values()];
      for (let start = 0; start < objects.length; start += batchSize) {
        options.signal.throwIfAborted();
        const rows = objects.slice(start, start + batchSize).map(({ row }) => row);
        const bytes = rows.reduce((sum, row) => sum + row.length, 0);
        const number = start / batchSize + 1;
        yield { ...mapper.map({ rows, number }), bytes, expected: objects.length };
      }
      mapper.end();
      yield* tracked.sweepAll();
      yield* tracked.end(toSave);
    },
  };
}
