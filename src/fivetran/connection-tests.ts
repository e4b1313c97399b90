import type { Source, SourceContext } from "../core/source.ts";
import { readStream } from "../engine/read-stream.ts";
import { type Configuration, parseConfig } from "./configuration.ts";

/** A test that Fivetran runs before the first sync. */
interface ConnectionTest {
  readonly name: string;
  /** What Fivetran shows to people. */
  readonly label: string;
  /** Rejects with an error that has the remedy. */
  run(source: Source, configuration: Configuration, context: SourceContext): Promise<void>;
}

/** The tests; their names are those of the example in Fivetran's Partner SDK. */
export const connectionTests: readonly ConnectionTest[] = [
  {
    name: "connect",
    label: "Checking the configuration and the login",
    async run(source, configuration, context) {
      await source.check(parseConfig(source, configuration), context);
    },
  },
  {
    name: "select",
    label: "Reading sample data",
    async run(source, configuration, context) {
      const [first] = source.streams(parseConfig(source, configuration), context);
      if (!first) return;
      const firstSync = { checkpoints: new Map(), fullRefresh: false, startedAt: new Date() };
      const options = { ...context, ...firstSync };
      for await (const _batches of readStream(first, options)) return;
    },
  },
];
