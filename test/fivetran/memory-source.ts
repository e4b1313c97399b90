import { z } from "zod";
import type { Columns } from "../../src/core/schema.ts";
import type { ReadOptions, Source, StreamBatch } from "../../src/core/source.ts";

/** The content of a `memorySource`. */
interface MemorySourceOptions {
  readonly columns: Columns;
  readonly primaryKey?: readonly string[];
  /** The batches of the stream, or its `read()`. */
  readonly read: readonly StreamBatch[] | ((options: ReadOptions) => AsyncIterable<StreamBatch>);
  readonly config?: z.ZodObject;
  readonly check?: Source["check"];
}

/** A source with one stream, `things`, that yields given batches. */
export function memorySource({
  columns,
  primaryKey = ["id"],
  read,
  config = z.object({}),
  check,
}: MemorySourceOptions): Source {
  return {
    name: "memory",
    title: "Memory",
    config,
    identity: () => "memory",
    streams: () => [
      {
        name: "things",
        columns,
        primaryKey,
        async *read(options) {
          if (typeof read === "function") yield* read(options);
          else for (const batch of read) yield await Promise.resolve(batch);
        },
      },
    ],
    check: check ?? (() => Promise.resolve()),
  };
}
