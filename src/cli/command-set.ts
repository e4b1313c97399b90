import { generalKeys } from "../configuration/general-settings.ts";
import type { TargetConnector } from "../connector/connector.ts";
import type { ExternalConnectors } from "../connector/external-connectors.ts";
import type { Source } from "../core/source.ts";
import { loadSource, sourceNames } from "../sources/registry.ts";
import type { Invocation } from "./invocation/invocation.ts";
import { commandsOf } from "./commands-of.ts";
import { sourceCommands, type Command } from "./source-commands.ts";

/** What the commands operate on, and which exist; the first is the default. */
export interface CommandSet<Subject = Source> {
  readonly commands: readonly Command<Subject>[];
  /** Loads the code of the source or connector, once a command is about to run. */
  load(): Promise<Pick<Invocation<Subject>, "source" | "target">>;
}

/** The commands of a source that ships with rivulet, copied into a database or external target. */
export function bundledSource(name: string, target?: TargetConnector): CommandSet {
  return {
    commands: target ? commandsOf(name).filter(worksWithTarget) : commandsOf(name),
    load: async () => ({ source: await loadSource(name), ...(target ? { target } : {}) }),
  };
}

/** The commands of an external source: all except those that exist for one bundled source only. */
export function externalSource(source: Source, { target }: ExternalConnectors): CommandSet {
  const commands = sourceCommands.filter(({ sources }) => sources === undefined);
  return {
    commands: target ? commands.filter(worksWithTarget) : commands,
    load: () => Promise.resolve({ source, ...(target ? { target } : {}) }),
  };
}

/** The commands of a connector that runs without a source, or of no connector at all. */
export function standalone<Subject>(
  source: Subject,
  commands: readonly Command<Subject>[],
): CommandSet<Subject> {
  return { commands, load: () => Promise.resolve({ source }) };
}

/** Whether a command makes sense with an external target, whose contents cannot be read back. */
function worksWithTarget({ usage }: Command): boolean {
  return ["sync", "check", "status"].includes([usage].flat()[0] ?? "");
}

/** Names that an external connector must not have. */
export const reservedNames: readonly string[] = [...sourceNames, ...generalKeys];
