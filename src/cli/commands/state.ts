import { z } from "zod";
import { readSettings } from "../../configuration/configuration-file.ts";
import { formatProblem } from "../../configuration/check-settings.ts";
import type { Session, State } from "../../core/destination.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Checkpoints } from "../../core/source.ts";
import { openDestination } from "../../destination/open.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, type ConfiguredSource, type Invocation } from "../invocation/invocation.ts";
import { formatTable } from "../terminal/table.ts";

const actions: Readonly<Record<string, (invocation: Invocation) => Promise<number>>> = {
  show: showState,
  export: exportState,
  import: importState,
  reset: resetState,
};

/** `state`: shows, exports, imports or resets the checkpoints of the pipeline. */
export async function stateCommand(invocation: Invocation): Promise<number> {
  const { action = "" } = invocation.flags;
  const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (run) return await run(invocation);
  throw new ConfigError(
    `state: unknown action "${action}"; use one of ${Object.keys(actions).join(", ")}`,
  );
}

async function showState(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const state = await readState(await configure(invocation, { isOffline: true }));
  const rows = [...state].flatMap(([stream, checkpoints]) =>
    [...checkpoints].map(([partition, checkpoint]) => [
      stream,
      partition,
      JSON.stringify(checkpoint),
    ]),
  );
  if (rows.length === 0) terminal.print("no checkpoints yet: the next sync reads everything");
  else
    terminal.printStyled(
      formatTable({ columns: ["stream", "partition", "checkpoint"], rows }, terminal),
    );
  return exitStatus.completed;
}

/** Prints the checkpoints as JSON, for `state import`. */
async function exportState(invocation: Invocation): Promise<number> {
  const state = await readState(await configure(invocation, { isOffline: true }));
  const streams = [...state].map(([stream, checkpoints]) => [
    stream,
    Object.fromEntries(checkpoints),
  ]);
  invocation.terminal.printJson({ version: 1, streams: Object.fromEntries(streams) as unknown });
  return exitStatus.completed;
}

/** Replaces all checkpoints of the pipeline with those of a file. */
async function importState(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  if (flags.argument === undefined)
    throw new ConfigError("state import: missing file; name one that state export wrote");
  const state = await readExportedState(flags.argument);
  await withSession(await configure(invocation, { isOffline: true }), (session) =>
    session.replaceState(state),
  );
  terminal.print(`imported the checkpoints of ${[...state.keys()].join(", ") || "no streams"}`);
  return exitStatus.completed;
}

/**
 * Deletes the checkpoints and quarantine entries of one stream or of all, so that the next sync
 * reads everything. Resetting all streams also forgets the identity. Rows stay.
 */
async function resetState(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  const { argument: stream } = flags;
  const configured = await configure(invocation, { isOffline: true });
  const names = configured.streams.map(({ name }) => name);
  if (stream !== undefined && !names.includes(stream)) {
    throw new ConfigError(
      `state reset: unknown stream "${stream}"; this source has ${names.join(", ")}`,
    );
  }
  await withSession(configured, (session) => session.replaceState(new Map(), stream));
  terminal.print(
    `deleted the checkpoints of ${stream ?? "all streams"}; the next sync reads ${stream === undefined ? "everything" : "it"} again`,
  );
  return exitStatus.completed;
}

async function readState({
  destination: url,
  pipeline,
  openOptions,
}: ConfiguredSource): Promise<State> {
  await using destination = await openDestination(url, openOptions);
  return await destination.state(pipeline.name);
}

async function withSession(
  { destination: url, pipeline, openOptions }: ConfiguredSource,
  change: (session: Session) => Promise<void>,
): Promise<void> {
  await using destination = await openDestination(url, openOptions);
  // Without the identity: a reset must work although the pipeline copied something else before.
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
    throw new ConfigError(`${file}: no such file; create it with: state export > ${file}`);
  const { data, error } = exportedShape.safeParse(content);
  if (data) {
    return new Map(
      Object.entries(data.streams).map(([stream, checkpoints]): [string, Checkpoints] => [
        stream,
        new Map(Object.entries(checkpoints)),
      ]),
    );
  }
  const reasons = error.issues
    .map(({ path, message }) => formatProblem({ path: path.map(String), message }))
    .join("; ");
  throw new ConfigError(
    `${file}: not a state export (${reasons}); create it with: state export > FILE`,
  );
}
