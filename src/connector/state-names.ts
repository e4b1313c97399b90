import type { State } from "../core/destination.ts";
import type { TargetConnector } from "./connector.ts";

/**
 * The names under which a target's state is stored: those of its streams with a prefix, because the
 * same database may have a table with a stream's name.
 */
export interface StateNames {
  storedName(stream: string): string;
  /** The target's part of a state, with the names of the streams. */
  toStreamNames(state: State): State;
}

/** The stored names of a target: `archive:opik_project`. */
export function stateNamesOf({ name }: Pick<TargetConnector, "name">): StateNames {
  const prefix = `${name}:`;
  return {
    storedName: (stream) => prefix + stream,
    toStreamNames: (state) =>
      new Map(
        [...state]
          .filter(([stream]) => stream.startsWith(prefix))
          .map(([stream, checkpoints]) => [stream.slice(prefix.length), checkpoints]),
      ),
  };
}
