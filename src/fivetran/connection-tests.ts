import { readStream } from "../engine/read-stream.ts";
import type { Source, SourceContext } from "../core/source.ts";
import { parseConfig, type Configuration } from "./configuration.ts";

/** One of the things that Fivetran asks to be proved before the first sync; throws an error with the remedy. */
export interface ConnectionTest {
  readonly name: string;
  readonly label: string;
  run(source: Source, configuration: Configuration, context: SourceContext): Promise<void>;
}

/** The tests of the Partner SDK's own example, by its names. */
export const connectionTests: readonly ConnectionTest[] = [
  {
    name: "connect",
    label: "Is the configuration complete, and does the service accept the login?",
    async run(source, configuration, context) {
      await source.check(parseConfig(source, configuration), context);
    },
  },
  {
    name: "select",
    label: "Can what is to be copied be read?",
    async run(source, configuration, context) {
      const [first] = source.streams(parseConfig(source, configuration), context);
      if (!first) return;
      const asForTheFirstTime = { checkpoints: new Map(), fullRefresh: false };
      const options = { ...context, ...asForTheFirstTime, startedAt: new Date() };
      for await (const _batches of readStream(first, options)) return;
    },
  },
];
