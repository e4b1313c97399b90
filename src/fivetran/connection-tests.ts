import type { Source, SourceContext } from "../core/source.ts";
import { configOf, type Configuration } from "./configuration.ts";

/** One of the things that `check` proves, by which Fivetran asks for it; throws an error with the remedy. */
export interface ConnectionTest {
  readonly name: string;
  readonly label: string;
  prove(source: Source, configuration: Configuration, context: SourceContext): Promise<void>;
}

/** What `check` proves, but for the destination, which is Fivetran's. */
export const connectionTests: readonly ConnectionTest[] = [
  {
    name: "configuration",
    label: "Is the configuration complete and understood?",
    prove(source, configuration) {
      configOf(source, configuration);
      return Promise.resolve();
    },
  },
  {
    name: "login",
    label: "Does the service accept the login, and show what is to be copied?",
    async prove(source, configuration, context) {
      await source.check(configOf(source, configuration), context);
    },
  },
];
