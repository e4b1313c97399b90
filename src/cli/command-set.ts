import type { ExternalConnectors } from "../connector/external-connectors.ts";
import type { TargetConnector } from "../connector/connector.ts";
import type { Source } from "../core/source.ts";
import { loadSource, sourceNames } from "../sources/registry.ts";
import { sourceCommands, commandsOf, type Command } from "./source-commands.ts";
import type { Invocation } from "./invocation/invocation.ts";

/** What all commands of a program are about, and which ones it has. The first is what runs without a command. */
export interface CommandSet<About = Source> {
  readonly commands: readonly Command<About>[];
  load(): Promise<Pick<Invocation<About>, "source" | "target">>;
}

/** A source that rivulet brings, copied into a database or into a target. */
export function bundledSource(name: string, target?: TargetConnector): CommandSet {
  return {
    commands: target ? commandsOf(name).filter(worksWithTarget) : commandsOf(name),
    load: async () => ({ source: await loadSource(name), ...(target ? { target } : {}) }),
  };
}

/** A source from outside, which has all commands but those of a single source of ours. */
export function externalSource(source: Source, { target }: ExternalConnectors): CommandSet {
  const general = sourceCommands.filter(({ sources }) => sources === undefined);
  return {
    commands: target ? general.filter(worksWithTarget) : general,
    load: () => Promise.resolve({ source, ...(target ? { target } : {}) }),
  };
}

/** A connector that is run without a source. */
export function standalone<About>(
  source: About,
  own: readonly Command<About>[],
): CommandSet<About> {
  return { commands: own, load: () => Promise.resolve({ source }) };
}

/** Whether a command makes sense where the rows go to a target, which nobody can ask what it holds. */
function worksWithTarget({ usage }: Command): boolean {
  return ["sync", "check", "status"].includes([usage].flat()[0] ?? "");
}

/** The names that a connector from outside must not have. */
export const reservedNames: readonly string[] = [...sourceNames, "destination", "pipeline"];
