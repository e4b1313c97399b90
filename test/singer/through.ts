import { Transform } from "node:stream";
import { newLog } from "../../src/core/log.ts";
import type { Source } from "../../src/core/source.ts";
import { newTransfer } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import { load } from "../../src/singer/run-target.ts";
import { allOf, type Wanted } from "../../src/singer/catalog.ts";
import { Output } from "../../src/singer/line-output.ts";
import { parseState } from "../../src/singer/tap-state.ts";
import { tap, type TapEnd } from "../../src/singer/run-tap.ts";
import type { Summary } from "../../src/engine/sync.ts";

export interface ThroughOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly destination: string;
  /** What the target wrote last time; `""`: nothing. */
  readonly state: string;
  readonly startedAt?: Date;
  readonly wanted?: (wanted: readonly Wanted[]) => readonly Wanted[];
}

export interface Through {
  readonly tap: TapEnd;
  readonly target: Summary;
  /** What the target wrote. */
  readonly state: string;
  /** The lines between the two. */
  readonly lines: readonly string[];
}

/** Copies a source through a tap and a target, in this process. */
export async function through(source: Source, options: ThroughOptions): Promise<Through> {
  const { startedAt = new Date(), wanted } = options;
  const { signal } = new AbortController();
  const log = newLog(() => undefined);
  const config: unknown = source.config.parse(options.config);
  const subject = { source: source.name, identity: source.identity(config) };
  const streams = source.streams(config, { log, transfer: newTransfer(), signal });
  const sent: Buffer[] = [];
  const pipe = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done(null, chunk);
    },
  });
  const states = [options.state];
  await using destination = await openDestination(options.destination, { log });
  await using session = await destination.lock({ name: "target" });
  const loading = load({
    ...{ session, pipeline: "target", input: () => pipe, startedAt, log, signal },
    stored: (state) => states.push(state),
  });
  const tapped = await tap({
    ...{ startedAt, log, signal, output: new Output(pipe), metric: () => undefined },
    wanted: wanted?.(allOf(streams)) ?? allOf(streams),
    state: parseState(options.state, subject, "state.json"),
    identity: `${subject.source} ${subject.identity}`,
  });
  pipe.end();
  const target = await loading;
  const lines = Buffer.concat(sent).toString("utf8").trimEnd().split("\n");
  return { tap: tapped, target, state: states.at(-1) ?? "", lines };
}
