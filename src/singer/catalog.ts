import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Columns } from "../core/schema.ts";
import type { Stream } from "../core/source.ts";
import { suggestion } from "../core/suggestion.ts";
import { columnSchemas, type JsonSchema } from "./json-schema.ts";

/** A stream to copy, and which of its columns. */
export interface SelectedStream {
  readonly stream: Stream;
  /** In table order; always includes the primary key and the cursor. */
  readonly columns: readonly string[];
  /** Whether to read everything again. */
  readonly fullRefresh: boolean;
}

/**
 * The catalog that `--discover` prints.
 *
 * @see https://github.com/singer-io/getting-started/blob/master/docs/DISCOVERY_MODE.md
 */
export function buildCatalog(streams: readonly Stream[]): object {
  return { streams: streams.map(buildEntry) };
}

function buildEntry(stream: Stream): object {
  const { name, columns, primaryKey, cursor } = stream;
  const method = { "forced-replication-method": "INCREMENTAL", "valid-replication-keys": [cursor] };
  const streamMetadata = {
    inclusion: "available",
    "selected-by-default": true,
    "table-key-properties": primaryKey,
    ...(cursor === undefined ? {} : { ...method, "replication-key": cursor }),
  };
  const columnMetadata = Object.keys(columns).map((column) => ({
    breadcrumb: ["properties", column],
    metadata: isAutomatic(stream, column)
      ? { inclusion: "automatic" }
      : { inclusion: "available", "selected-by-default": true },
  }));
  return {
    tap_stream_id: name,
    stream: name,
    schema: recordSchema(columns, Object.keys(columns)),
    key_properties: primaryKey,
    metadata: [{ breadcrumb: [], metadata: streamMetadata }, ...columnMetadata],
  };
}

/** The JSON schema of a stream's records with the selected columns. */
export function recordSchema(columns: Columns, selected: readonly string[]): JsonSchema {
  const properties = selected.map((column) => [column, columnSchemas[columns[column] ?? "json"]]);
  return { type: "object", properties: Object.fromEntries(properties) as unknown };
}

function isAutomatic({ primaryKey, cursor }: Stream, column: string): boolean {
  return primaryKey.includes(column) || column === cursor;
}

const flag = z.boolean().nullish();
const metadata = z.looseObject({
  selected: flag,
  "selected-by-default": flag,
  inclusion: z.string().nullish(),
  "replication-method": z.string().nullish(),
  "replication-key": z.string().nullish(),
  "table-key-properties": z.array(z.string()).nullish(),
});
const selectable = z.looseObject({ selected: flag });

const catalog = z.looseObject({
  streams: z.array(
    z.looseObject({
      tap_stream_id: z.string().optional(),
      stream: z.string().optional(),
      selected: flag,
      key_properties: z.array(z.string()).nullish(),
      replication_method: z.string().nullish(),
      replication_key: z.string().nullish(),
      schema: selectable
        .extend({ properties: z.record(z.string(), selectable).optional() })
        .optional(),
      metadata: z.array(z.looseObject({ breadcrumb: z.array(z.string()), metadata })).optional(),
    }),
  ),
});

type CatalogEntry = z.output<typeof catalog>["streams"][number];
type Metadata = z.output<typeof metadata>;

/**
 * The streams that a catalog selects, in source order. `file` is the catalog's name in errors.
 *
 * @throws ConfigError if it is malformed, names an unknown stream, or asks for another key, cursor
 * or replication method than the stream has
 */
export function selectStreams(
  content: unknown,
  streams: readonly Stream[],
  file: string,
): SelectedStream[] {
  const { data, error } = catalog.safeParse(content);
  if (!data) {
    const [issue] = error.issues;
    const where = [file, issue?.path.join(".")].filter(Boolean).join(": ");
    throw new ConfigError(
      `${where}: ${issue?.message ?? "not a catalog"}; create one with --discover`,
    );
  }
  const entries = data.streams.filter(isSelected);
  const names = entries.map(entryName);
  const available = streams.map(({ name }) => name);
  const unknown = names.find((name) => !available.includes(name));
  if (unknown !== undefined)
    throw new ConfigError(
      `${file}: unknown stream "${unknown}"; ${suggestion(unknown, available)}`,
    );
  return streams.flatMap((stream) => {
    const entry = entries.find((candidate) => entryName(candidate) === stream.name);
    return entry ? [selectStream(entry, stream, file)] : [];
  });
}

/** Selects every stream with all its columns. */
export function selectAllStreams(streams: readonly Stream[]): SelectedStream[] {
  return streams.map((stream) => ({
    stream,
    columns: Object.keys(stream.columns),
    fullRefresh: false,
  }));
}

function entryName({ tap_stream_id, stream }: CatalogEntry): string {
  return tap_stream_id ?? stream ?? "";
}

function metadataOf({ metadata: all = [] }: CatalogEntry, ...breadcrumb: string[]): Metadata {
  const path = JSON.stringify(breadcrumb);
  return all.find((entry) => JSON.stringify(entry.breadcrumb) === path)?.metadata ?? {};
}

function isSelected(entry: CatalogEntry): boolean {
  const { selected, "selected-by-default": byDefault } = metadataOf(entry);
  return selected ?? entry.selected ?? entry.schema?.selected ?? byDefault ?? false;
}

function selectStream(entry: CatalogEntry, stream: Stream, file: string): SelectedStream {
  const where = `${file}: ${stream.name}`;
  const streamMetadata = metadataOf(entry);
  checkKey(streamMetadata["table-key-properties"] ?? entry.key_properties, stream, where);
  checkReplicationKey(streamMetadata["replication-key"] ?? entry.replication_key, stream, where);
  const columns = Object.keys(stream.columns).filter(
    (column) => isAutomatic(stream, column) || isColumnSelected(entry, column),
  );
  const method = streamMetadata["replication-method"] ?? entry.replication_method ?? "INCREMENTAL";
  return { stream, columns, fullRefresh: isFullRefresh(method, where) };
}

function isColumnSelected(entry: CatalogEntry, column: string): boolean {
  const {
    selected,
    inclusion,
    "selected-by-default": byDefault,
  } = metadataOf(entry, "properties", column);
  if (inclusion === "automatic") return true;
  if (inclusion === "unsupported") return false;
  return selected ?? entry.schema?.properties?.[column]?.selected ?? byDefault ?? true;
}

function checkKey(
  given: readonly string[] | null | undefined,
  { primaryKey }: Stream,
  where: string,
): void {
  if (given == null || given.toSorted().join("\n") === primaryKey.toSorted().join("\n")) return;
  throw new ConfigError(
    `${where}: table-key-properties: expected ${primaryKey.join(", ")}, got ${given.join(", ") || "none"}; the key cannot be changed`,
  );
}

function checkReplicationKey(
  given: string | null | undefined,
  { cursor }: Stream,
  where: string,
): void {
  if (given == null || given === cursor) return;
  throw new ConfigError(
    `${where}: replication-key: expected ${cursor === undefined ? "none" : `"${cursor}"`}, got "${given}"; it cannot be changed`,
  );
}

function isFullRefresh(method: string, where: string): boolean {
  if (method === "INCREMENTAL") return false;
  if (method === "FULL_TABLE") return true;
  throw new ConfigError(
    `${where}: replication-method: expected INCREMENTAL or FULL_TABLE, got "${method}"`,
  );
}
