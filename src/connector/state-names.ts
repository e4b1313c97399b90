import type { State } from "../core/destination.ts";
import type { TargetConnector } from "./connector.ts";

/** What the streams of a target are called in the database that keeps its state: a table there may have the stream's own name. */
export interface StateNames {
  storedName(stream: string): string;
  /** The state by the streams' own names. */
  toStreamNames(state: State): State;
}

/** The ledger of a target. */
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
