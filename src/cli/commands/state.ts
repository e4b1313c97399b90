import { z } from "zod";
import { formatProblem } from "../../configuration/configuration.ts";
import { readSettings } from "../../configuration/configuration-file.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Checkpoints } from "../../core/source.ts";
import type { Session, State } from "../../core/destination.ts";
import { openDestination } from "../../destination/open.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { formatTable } from "../terminal/table.ts";
import { configure, type ConfiguredSource, type Invocation } from "../invocation/invocation.ts";

const actions: Readonly<Record<string, (invocation: Invocation) => Promise<number>>> = {
  show: showState,
  export: exportState,
  import: importState,
  reset: resetState,
};

/** Shows, exports, imports or resets the checkpoints of the pipeline. */
export async function stateCommand(invocation: Invocation): Promise<number> {
  const { action = "" } = invocation.flags;
  const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (act) return await act(invocation);
  throw new ConfigError(
    `state: unknown action "${action}"; there are ${Object.keys(actions).join(", ")}`,
  );
}

async function showState(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const state = await readState(await configure(invocation));
  const rows = [...state].flatMap(([stream, checkpoints]) =>
    [...checkpoints].map(([partition, checkpoint]) => [
      stream,
      partition,
      JSON.stringify(checkpoint),
    ]),
  );
  if (rows.length === 0) terminal.print("nothing is saved: the next sync reads everything");
  else
    terminal.print(formatTable({ columns: ["stream", "partition", "checkpoint"], rows }, terminal));
  return exitStatus.completed;
}

/** Prints the checkpoints as JSON, for `state import`. */
async function exportState(invocation: Invocation): Promise<number> {
  const state = await readState(await configure(invocation));
  const streams = [...state].map(([stream, checkpoints]) => [
    stream,
    Object.fromEntries(checkpoints),
  ]);
  invocation.terminal.printJson({ version: 1, streams: Object.fromEntries(streams) as unknown });
  return exitStatus.completed;
}

/** Replaces all checkpoints of the pipeline by those of a file. */
async function importState(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  if (flags.argument === undefined)
    throw new ConfigError("state import: name the file that state export printed");
  const state = await readExportedState(flags.argument);
  await withSession(await configure(invocation), (session) => session.replaceState(state));
  terminal.print(`imported the checkpoints of ${[...state.keys()].join(", ") || "no stream"}`);
  return exitStatus.completed;
}

/** Forgets the checkpoints of one stream, or of all: the next sync reads everything again. Rows stay. */
async function resetState(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  const { argument: stream } = flags;
  const configured = await configure(invocation);
  const known = configured.streams.map(({ name }) => name);
  if (stream !== undefined && !known.includes(stream)) {
    throw new ConfigError(
      `state reset: unknown stream "${stream}"; this source has ${known.join(", ")}`,
    );
  }
  await withSession(configured, (session) => session.replaceState(new Map(), stream));
  terminal.print(
    `forgot the checkpoints of ${stream ?? "all streams"}; the next sync reads everything again`,
  );
  return exitStatus.completed;
}

async function readState({
  destination: url,
  pipeline,
  context,
}: ConfiguredSource): Promise<State> {
  await using destination = await openDestination(url, context);
  return await destination.state(pipeline.name);
}

async function withSession(
  { destination: url, pipeline, context }: ConfiguredSource,
  change: (session: Session) => Promise<void>,
): Promise<void> {
  await using destination = await openDestination(url, context);
  // Whatever the pipeline copied before: forgetting that is what a reset is for.
  await using session = await destination.lock({ name: pipeline.name });
  await change(session);
}

const exportedShape = z.strictObject({
  version: z.literal(1),
  streams: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.json()))),
});

async function readExportedState(file: string): Promise<State> {
  const content = await readSettings(file);
  if (!content)
    throw new ConfigError(`${file}: no such file; make it with: state export > ${file}`);
  const { data, error } = exportedShape.safeParse(content);
  if (data) {
    return new Map(
      Object.entries(data.streams).map(([stream, checkpoints]): [string, Checkpoints] => [
        stream,
        new Map(Object.entries(checkpoints)),
      ]),
    );
  }
  const why = error.issues
    .map(({ path, message }) => formatProblem({ path: path.map(String), message }))
    .join("; ");
  throw new ConfigError(
    `${file}: not what "state export" prints (${why}); make it with: state export > FILE`,
  );
}
