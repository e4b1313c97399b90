import type { State } from "../core/destination.ts";
import type { TargetConnector } from "./connector.ts";

/** What the streams of a target are called in the database that keeps its state: a table there may have the stream's own name. */
export interface Ledger {
  nameOf(stream: string): string;
  /** The state by the streams' own names. */
  read(state: State): State;
}

/** The ledger of a target. */
export function ledgerOf({ name }: Pick<TargetConnector, "name">): Ledger {
  const prefix = `${name}:`;
  return {
    nameOf: (stream) => prefix + stream,
    read: (state) =>
      new Map(
        [...state]
          .filter(([stream]) => stream.startsWith(prefix))
          .map(([stream, checkpoints]) => [stream.slice(prefix.length), checkpoints]),
      ),
  };
}
