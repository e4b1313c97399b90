import type { Outside } from "../connector/external-connectors.ts";
import type { TargetConnector } from "../connector/connector.ts";
import type { Source } from "../core/source.ts";
import { loadSource, sourceNames } from "../sources/registry.ts";
import { commands, commandsOf, type Command } from "./source-commands.ts";
import type { Invocation } from "./invocation/invocation.ts";

/** What all commands of a program are about, and which ones it has. The first is what runs without a command. */
export interface Subject<About = Source> {
  readonly commands: readonly Command<About>[];
  load(): Promise<Pick<Invocation<About>, "source" | "target">>;
}

/** A source that rivulet brings, copied into a database or into a target. */
export function builtIn(name: string, target?: TargetConnector): Subject {
  return {
    commands: target ? commandsOf(name).filter(suitsTarget) : commandsOf(name),
    load: async () => ({ source: await loadSource(name), ...(target ? { target } : {}) }),
  };
}

/** A source from outside, which has all commands but those of a single source of ours. */
export function outsideSource(source: Source, { target }: Outside): Subject {
  const general = commands.filter(({ sources }) => sources === undefined);
  return {
    commands: target ? general.filter(suitsTarget) : general,
    load: () => Promise.resolve({ source, ...(target ? { target } : {}) }),
  };
}

/** A connector that is run without a source. */
export function alone<About>(source: About, own: readonly Command<About>[]): Subject<About> {
  return { commands: own, load: () => Promise.resolve({ source }) };
}

/** Whether a command makes sense where the rows go to a target, which nobody can ask what it holds. */
function suitsTarget({ usage }: Command): boolean {
  return ["sync", "check", "status"].includes([usage].flat()[0] ?? "");
}

/** The names that a connector from outside must not have. */
export const takenNames: readonly string[] = [...sourceNames, "destination", "pipeline"];
