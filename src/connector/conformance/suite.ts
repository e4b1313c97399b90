import { descriptionChecks } from "./description.ts";
import { integrationChecks } from "./integration.ts";
import { loginChecks } from "./login.ts";
import { packageChecks } from "./package.ts";
import { sourceChecks } from "./source.ts";
import type { CheckDefinition, IntegrationSubject, Subject, TargetSubject } from "./subject.ts";
import { targetChecks } from "./target.ts";

/** The conformance suite for connectors: the module `rivulet/conformance`. */
export type {
  IntegrationSubject,
  SourceStandIn,
  SourceSubject,
  StandIn,
  Subject,
  TargetStandIn,
  TargetSubject,
} from "./subject.ts";

/** A check of one behavior that every connector must have. */
export interface Check {
  /** The behavior, as a phrase: `accepts a valid login`. */
  readonly name: string;
  /** Throws an AssertionError if the connector behaves differently. */
  readonly run: () => Promise<void>;
}

/**
 * The checks for a connector of this kind, for any test runner:
 * `for (const { name, run } of conformance({ connector, start })) test(name, run);`
 */
export function conformance(subject: Subject): readonly Check[] {
  const { connector, folder } = subject;
  const checks = [
    ...(folder ? packageChecks(connector, folder) : []),
    ...descriptionChecks(subject),
    ...loginChecks(subject),
    ...kindChecks(subject),
  ];
  return checks.map(({ name, run }) => ({
    name,
    async run() {
      await run();
    },
  }));
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
