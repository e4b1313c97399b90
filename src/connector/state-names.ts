import type { State } from "../core/destination.ts";
import type { TargetConnector } from "./connector.ts";

/**
 * The names under which a target's state is stored: those of its streams with a prefix, because the
 * same database may have a table with a stream's name.
 */
export interface StateNames {
  storedName(stream: string): string;
  /** The stream of a stored name; undefined if it is not one of this target. */
  streamName(stored: string): string | undefined;
  /** The target's part of a state, with the names of the streams. */
  toStreamNames(state: State): State;
  /** Those of the things stored under a stream's name that are this target's, with that name. */
  ofStreams<Stored extends { readonly stream: string }>(stored: readonly Stored[]): Stored[];
}

/** The stored names of a target: `archive:opik_project`. */
export function stateNamesOf({ name }: Pick<TargetConnector, "name">): StateNames {
  const prefix = `${name}:`;
  const streamName = (stored: string): string | undefined =>
    stored.startsWith(prefix) ? stored.slice(prefix.length) : undefined;
  return {
    storedName: (stream) => prefix + stream,
    streamName,
    toStreamNames: (state) =>
      new Map(
        [...state].flatMap(([stored, checkpoints]) => {
          const stream = streamName(stored);
          return stream === undefined ? [] : [[stream, checkpoints] as const];
        }),
      ),
    ofStreams: (stored) =>
      stored.flatMap((each) => {
        const stream = streamName(each.stream);
        return stream === undefined ? [] : [{ ...each, stream }];
      }),
  };
}
