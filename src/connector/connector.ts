import type { z } from "zod";
import type { Key, Table } from "../core/schema.ts";
import type { Batch, Source, SourceContext } from "../core/source.ts";

/** A source from outside of rivulet: it brings data in. */
export interface SourceConnector<Config = unknown> extends Source<Config>, Versioned {
  readonly kind: "source";
}

/** A target from outside of rivulet: what a source brings goes there. */
export interface TargetConnector<Config = unknown> extends Configurable<Config>, Versioned {
  readonly kind: "target";
  /** What a configuration writes to, so that one pipeline never mixes two. Never a secret. */
  identity(config: Config): string;
  /**
   * Names that the target keeps for itself: its fixed primary key first, or `""` where there is none. Columns of these names get
   * underscores put before them until they are unique.
   */
  readonly reservedKeys: readonly string[];
  open(config: Config, context: SourceContext): Promise<Writer>;
}

/** Some other job with a service: rivulet gives it a configuration, a client and a place in cron. */
export interface IntegrationConnector<Config = unknown> extends Configurable<Config>, Versioned {
  readonly kind: "integration";
  /** What it does, in a sentence. */
  readonly description: string;
  /** Does the job once. */
  run(config: Config, context: SourceContext): Promise<void>;
}

/** A connector from outside: the export `connector` of a module. */
export type Connector = SourceConnector | TargetConnector | IntegrationConnector;

export type ConnectorKind = Connector["kind"];

export const connectorKinds = [
  "source",
  "target",
  "integration",
] as const satisfies ConnectorKind[];

/** What has a name, settings and a login. */
export interface Configurable<Config = unknown> {
  /** The name in configuration and state: `helpdesk`. */
  readonly name: string;
  /** The name for people: `Help desk`. */
  readonly title: string;
  readonly config: z.ZodObject & z.ZodType<Config>;
  /** Proves host and login, or throws an error with the remedy. */
  check(config: Config, context: SourceContext): Promise<void>;
}

/** Which connector this is of several that were published. */
interface Versioned {
  readonly version?: string;
}

/** Rows of one table, and what is gone from it. */
export interface Changes extends Pick<Batch, "sweep"> {
  readonly table: string;
  /** With all columns of the table, each value in the one form of its type, or null. */
  readonly rows: readonly Readonly<Record<string, TargetValue>>[];
  /** Rows of which only the key and some columns are known: to be changed where they are there, after `rows`. */
  readonly updates: readonly Readonly<Record<string, TargetValue>>[];
  /** Primary keys that are gone at the source. */
  readonly deletes: readonly Key[];
}

/** A value in the one form of its column's type: a `json` column holds JSON text, a `timestamp` fixed-width UTC text. */
export type TargetValue = null | boolean | number | bigint | string | Uint8Array;

/** A target that was opened. */
export interface Writer extends AsyncDisposable {
  /** Makes tables ready, before their first rows. */
  prepare(tables: readonly Table[]): Promise<void>;
  /**
   * Resolves once all of it is durable; only then is the checkpoint saved that it earned. After a crash the same changes come again: write by
   * key. Throws a ConfigError or a TransientError.
   */
  write(changes: readonly Changes[]): Promise<void>;
}
