import type { Settings } from "../../configuration/parse-settings.ts";
import type { Source } from "../../core/source.ts";
import type { IntegrationConnector, SourceConnector, TargetConnector } from "../connector.ts";

/** A local server that stands in for the service. Each start has the same content. */
export interface StandIn extends AsyncDisposable {
  /** Complete settings with a login that the server accepts. */
  readonly configuration: Settings;
  /** The same settings with a login that it rejects; absent if it has no login. */
  readonly refused?: Settings;
}

/** The server that a source reads. */
export interface SourceStandIn extends StandIn {
  /** Changes the content: adds, updates and deletes something. */
  change?(): void | Promise<void>;
}

/** The server that a target writes to. */
export interface TargetStandIn extends StandIn {
  /** The rows that it holds now, by table. */
  received(): Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

interface Package {
  /**
   * The folder of the connector's package. If given, its name, layout and documentation are
   * checked.
   */
  readonly folder?: URL;
}

/** A source to check, and how to start the server that it reads. */
export interface SourceSubject extends Package {
  readonly connector: SourceConnector | Source;
  readonly start: () => Promise<SourceStandIn>;
}

/** A target to check, and how to start the server that it writes to. */
export interface TargetSubject extends Package {
  readonly connector: TargetConnector;
  readonly start: () => Promise<TargetStandIn>;
}

/** An integration to check, and how to start the server that it works with. */
export interface IntegrationSubject extends Package {
  readonly connector: IntegrationConnector;
  readonly start: () => Promise<StandIn>;
}

/** A connector to check, and how to start the server that it talks to. */
export type Subject = SourceSubject | TargetSubject | IntegrationSubject;

/** A `Check` whose `run` may be synchronous. */
export interface CheckDefinition {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}
