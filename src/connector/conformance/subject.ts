import type { Settings } from "../../configuration/configuration-file.ts";
import type { IntegrationConnector, SourceConnector, TargetConnector } from "../connector.ts";
import type { Source } from "../api.ts";

/** What stands in for the service, on loopback: always with the same content. */
export interface StandIn extends AsyncDisposable {
  /** Settings that the service accepts, and that have all that is needed. */
  readonly configuration: Settings;
  /** The same with a login that it refuses; absent where there is none. */
  readonly refused?: Settings;
}

/** A service that a source reads. */
export interface SourceStandIn extends StandIn {
  /** Changes what is there: something new, something else, something gone. */
  change?(): void | Promise<void>;
}

/** A service that a target writes to. */
export interface TargetStandIn extends StandIn {
  /** The rows that are there now, by table. */
  received(): Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

export interface Package {
  /** The folder of the connector's package, where it has one: its name, layout and documentation are checked as well. */
  readonly folder?: URL;
}

export interface SourceSubject extends Package {
  readonly connector: SourceConnector | Source;
  readonly start: () => Promise<SourceStandIn>;
}

export interface TargetSubject extends Package {
  readonly connector: TargetConnector;
  readonly start: () => Promise<TargetStandIn>;
}

export interface IntegrationSubject extends Package {
  readonly connector: IntegrationConnector;
  readonly start: () => Promise<StandIn>;
}

export type Subject = SourceSubject | TargetSubject | IntegrationSubject;
/** A check as its own file makes it. */
export interface CheckDefinition {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}
