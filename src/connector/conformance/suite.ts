import type { Settings } from "../../configuration/configuration-file.ts";
import type { IntegrationConnector, SourceConnector, TargetConnector } from "../connector.ts";
import type { Source } from "../../core/source.ts";
import { descriptionChecks } from "./description.ts";
import { integrationChecks } from "./integration.ts";
import { loginChecks } from "./login.ts";
import { packageChecks } from "./package.ts";
import { sourceChecks } from "./source.ts";
import { targetChecks } from "./target.ts";

/** The conformance suite: the module `rivulet/conformance`. */

/** A behaviour that every connector has; the name is a sentence. */
export interface Check {
  readonly name: string;
  /** Throws an AssertionError where the connector does something else. */
  readonly run: () => Promise<void>;
}

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

interface Package {
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

/**
 * What every connector of this kind does, as checks for any test runner:
 * `for (const { name, run } of conformance({ connector, start })) test(name, run);`
 */
export function conformance(subject: Subject): readonly Check[] {
  const { connector, folder } = subject;
  const trials = [
    ...(folder ? packageChecks(connector, folder) : []),
    ...descriptionChecks(subject),
    ...loginChecks(subject),
    ...kindChecks(subject),
  ];
  return trials.map(({ name, run }) => ({
    name,
    async run() {
      await run();
    },
  }));
}

/** A check as its own file makes it. */
export interface CheckDefinition {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

function kindChecks(subject: Subject): readonly CheckDefinition[] {
  if (isTarget(subject)) return targetChecks(subject);
  return isIntegration(subject) ? integrationChecks(subject) : sourceChecks(subject);
}

function isTarget(subject: Subject): subject is TargetSubject {
  return "kind" in subject.connector && subject.connector.kind === "target";
}

function isIntegration(subject: Subject): subject is IntegrationSubject {
  return "kind" in subject.connector && subject.connector.kind === "integration";
}
