/** The public API for connectors: the module `rivulet/connector`. */
export { z } from "zod";
export {
  choice,
  described,
  jsonObject,
  secretText,
  serviceUrl,
  text,
  textList,
  toggle,
  wholeNumber,
  type FieldMeta,
} from "../core/config-field.ts";
export { massDeletionFields, type MassDeletionConfig } from "../core/mass-deletion-fields.ts";
export { ExactNumber } from "../core/exact-number.ts";
export { ConfigError, SourceError, TransientError } from "../core/errors.ts";
export { HighWaterMark, type MarkOptions } from "../engine/high-water-mark.ts";
export { allowMassDeletion } from "../engine/allow-mass-deletion.ts";
export { isMassDeletion, MassDeletionError, type ListingSizes } from "../engine/mass-deletion.ts";
export { elements, members, plain } from "../json/text-scanner.ts";
export type { Fields, Log } from "../core/log.ts";
export { readPartitions, type Partition, type PartitionOptions } from "../engine/partitions.ts";
export type { Columns, ColumnType, Key, Row, Table, Value } from "../core/schema.ts";
export type {
  Batch,
  Checkpoint,
  Checkpoints,
  Json,
  ReadOptions,
  Rejected,
  Source,
  SourceContext,
  Stream,
  Sweep,
} from "../core/source.ts";
export { cursorPages, linkedPages } from "../http/paging/chained-pages.ts";
export { newClient, type Client } from "../http/client.ts";
export type { ClientOptions } from "../http/client-options.ts";
export type { Answer } from "../http/request.ts";
export { clientFields } from "../http/client-fields.ts";
export type { Page, Pages } from "../http/paging/page.ts";
export { numberedPages } from "../http/paging/numbered-pages.ts";
export { restStream, type RestCursor, type RestDeclaration } from "../http/paging/rest-stream.ts";
export type {
  Changes,
  Connector,
  IntegrationConnector,
  SourceConnector,
  TargetConnector,
  TargetValue,
  Writer,
} from "./connector.ts";
