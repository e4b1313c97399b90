import type { z } from "zod";
import type { Key, Table } from "../core/schema.ts";
import type { Batch, Source, SourceContext } from "../core/source.ts";

/** An external source. */
export interface SourceConnector<Config = unknown> extends Source<Config>, Versioned {
  readonly kind: "source";
}

/** An external target: writes the rows of a source to a service instead of a database. */
export interface TargetConnector<Config = unknown> extends Configurable<Config>, Versioned {
  readonly kind: "target";
  /** What a configuration writes to (host, account), so that no pipeline mixes two. No secrets. */
  identity(config: Config): string;
  /**
   * Names that the service reserves: its fixed primary key first, or `""` if it has none. Columns
   * with these names are prefixed with underscores until they are unique.
   */
  readonly reservedKeys: readonly string[];
  /** Opens a connection to write with; disposed of at the end. */
  open(config: Config, context: SourceContext): Promise<Writer>;
}

/** An external integration: any other job with a service, run from the command line. */
export interface IntegrationConnector<Config = unknown> extends Configurable<Config>, Versioned {
  readonly kind: "integration";
  /** One sentence on what it does. */
  readonly description: string;
  /** Runs once; must stop if `context.signal` aborts. */
  run(config: Config, context: SourceContext): Promise<void>;
}

/** An external connector: the export `connector` of a module. */
export type Connector = SourceConnector | TargetConnector | IntegrationConnector;

/** The kinds of connectors. */
export type ConnectorKind = Connector["kind"];

/** All kinds of connectors. */
export const connectorKinds = [
  "source",
  "target",
  "integration",
] as const satisfies ConnectorKind[];

/** What all connectors and sources have: a name, a configuration and a login. */
export interface Configurable<Config = unknown> {
  /** The name in configuration and state: `helpdesk`. */
  readonly name: string;
  /** The display name: `Help desk`. */
  readonly title: string;
  /** The schema of its configuration. */
  readonly config: z.ZodObject & z.ZodType<Config>;
  /** Tests host and login; throws a ConfigError or a TransientError with the remedy. */
  check(config: Config, context: SourceContext): Promise<void>;
}

interface Versioned {
  /** The version of the connector's package. */
  readonly version?: string;
}

/** Changes to one table. */
export interface Changes extends Pick<Batch, "sweep"> {
  readonly table: string;
  /** Rows to insert or replace by key, with all columns of the table in canonical form, or null. */
  readonly rows: readonly Readonly<Record<string, TargetValue>>[];
  /** Partial rows: the key and the columns to change. Apply after `rows`; skip missing rows. */
  readonly updates: readonly Readonly<Record<string, TargetValue>>[];
  /** Primary keys of rows that were deleted at the source. */
  readonly deletes: readonly Key[];
}

/**
 * A value in the canonical form of its column's type: a `json` column holds JSON text, a
 * `timestamp` UTC text of fixed width.
 */
export type TargetValue = null | boolean | number | bigint | string | Uint8Array;

/** An open target. */
export interface Writer extends AsyncDisposable {
  /** Creates or adapts tables, before their first rows. */
  prepare(tables: readonly Table[]): Promise<void>;
  /**
   * Resolves once all changes are durable; their checkpoint is saved only then. After a crash, the
   * same changes are written again, so write by key. Throws a ConfigError or a TransientError.
   */
  write(changes: readonly Changes[]): Promise<void>;
}
