import { Transform } from "node:stream";
import { newLog } from "../../src/core/log.ts";
import type { Source } from "../../src/core/source.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import { runTarget } from "../../src/singer/run-target.ts";
import { selectAllStreams, type SelectedStream } from "../../src/singer/catalog.ts";
import { LineOutput } from "../../src/singer/line-output.ts";
import { parseState } from "../../src/singer/tap-state.ts";
import { runTap, type TapResult } from "../../src/singer/run-tap.ts";
import type { Summary } from "../../src/engine/sync.ts";

interface TapToTargetOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly destination: string;
  /** The last STATE of the previous run; `""`: none. */
  readonly state: string;
  readonly startedAt?: Date;
  readonly select?: (all: readonly SelectedStream[]) => readonly SelectedStream[];
}

interface TapToTargetResult {
  readonly tap: TapResult;
  readonly target: Summary;
  /** The last STATE that the target wrote. */
  readonly state: string;
  /** The messages of the tap. */
  readonly lines: readonly string[];
  /** What tap and target logged, each line with its level. */
  readonly log: readonly string[];
}

/** Copies a source through a tap and a target, in this process. */
export async function tapToTarget(
  source: Source,
  options: TapToTargetOptions,
): Promise<TapToTargetResult> {
  const { startedAt = new Date(), select } = options;
  const { signal } = new AbortController();
  const logged: string[] = [];
  const log = newLog(({ level, message }) => logged.push(`${level} ${message}`));
  const config: unknown = source.config.parse(options.config);
  const owner = { source: source.name, identity: source.identity(config) };
  const streams = source.streams(config, { log, transfer: newRequestStats(), signal });
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
  const running = runTarget({
    ...{ session, pipeline: "target", input: () => pipe, startedAt, log, signal },
    batchFolder: process.cwd(),
    onState: (state) => states.push(state),
  });
  const tapResult = await runTap({
    ...{
      startedAt,
      log,
      signal,
      output: new LineOutput(pipe, { signal }),
      writeMetric: () => undefined,
    },
    selected: select?.(selectAllStreams(streams)) ?? selectAllStreams(streams),
    state: parseState(options.state, owner, "state.json"),
    identity: `${owner.source} ${owner.identity}`,
  });
  pipe.end();
  const target = await running;
  const lines = Buffer.concat(sent).toString("utf8").trimEnd().split("\n");
  return { tap: tapResult, target, state: states.at(-1) ?? "", lines, log: logged };
}
