import { z } from "zod";
import type { Columns } from "../../src/core/schema.ts";
import type { ReadOptions, Source, StreamBatch } from "../../src/core/source.ts";

export interface MemorySource {
  readonly columns: Columns;
  readonly primaryKey?: readonly string[];
  /** What the stream says, or how it says it. */
  readonly read: readonly StreamBatch[] | ((options: ReadOptions) => AsyncIterable<StreamBatch>);
  readonly config?: z.ZodObject;
  readonly check?: Source["check"];
}

/** A source with one stream, `things`, that says what it is told. */
export function memorySource({
  columns,
  primaryKey = ["id"],
  read,
  config = z.object({}),
  check,
}: MemorySource): Source {
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
          else for (const part of read) yield await Promise.resolve(part);
        },
      },
    ],
    check: check ?? (() => Promise.resolve()),
  };
}
