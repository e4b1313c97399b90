import { descriptionChecks } from "./description.ts";
import { integrationChecks } from "./integration.ts";
import { loginChecks } from "./login.ts";
import { packageChecks } from "./package.ts";
import { sourceChecks } from "./source.ts";
import { targetChecks } from "./target.ts";
import type { CheckDefinition, IntegrationSubject, Subject, TargetSubject } from "./subject.ts";

/** The conformance suite: the module `rivulet/conformance`. */
export type {
  IntegrationSubject,
  SourceStandIn,
  SourceSubject,
  StandIn,
  Subject,
  TargetStandIn,
  TargetSubject,
} from "./subject.ts";

/** A behaviour that every connector has; the name is a sentence. */
export interface Check {
  readonly name: string;
  /** Throws an AssertionError where the connector does something else. */
  readonly run: () => Promise<void>;
}

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
