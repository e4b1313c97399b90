import { MissingTableError, type Destination } from "../../core/destination.ts";
import { ConfigError } from "../../core/errors.ts";
import { inputStreamOf } from "../../singer/run-target.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import type { Invocation } from "../invocation/invocation.ts";
import { formatCount } from "../terminal/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import { showSyncs } from "./status.ts";

/** What the actions of `rivulet target` work on. */
export interface TargetSubject extends Pick<Invocation, "terminal" | "flags"> {
  readonly destination: Destination;
  readonly pipeline: string;
}

const actions: Readonly<Record<string, (subject: TargetSubject) => Promise<void>>> = {
  status: (subject) => showSyncs(subject.destination, subject.pipeline, subject),
  state: showState,
  quarantine: showOrClearQuarantine,
};

/** `rivulet target status`, `state` and `quarantine`: shows what the pipeline stores. */
export async function runTargetAction(subject: TargetSubject): Promise<number> {
  const { action = "" } = subject.flags;
  const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!run) {
    const known = Object.keys(actions).join(", ");
    throw new ConfigError(
      `target: unknown action "${action}"; use one of ${known}, or none to load standard input`,
    );
  }
  await run(subject);
  return exitStatus.completed;
}

/** Prints the last STATE that was stored, for the tap to resume from. */
async function showState({ destination, pipeline, terminal }: TargetSubject): Promise<void> {
  const checkpoints = (await destination.state(pipeline)).get(inputStreamOf(pipeline));
  const state = checkpoints?.get("")?.["state"];
  if (typeof state !== "string")
    throw new ConfigError(`pipeline "${pipeline}": has no STATE yet; run the tap from the start`);
  terminal.print(state);
}

async function showOrClearQuarantine(subject: TargetSubject): Promise<void> {
  const { argument } = subject.flags;
  if (argument === undefined) await showQuarantine(subject);
  else if (argument === "clear") await clearQuarantine(subject);
  else throw new ConfigError(`target quarantine: unknown action "${argument}"; use clear, or none`);
}

async function showQuarantine({ destination, pipeline, terminal }: TargetSubject): Promise<void> {
  const query = `select stream, key, reason from _rivulet_quarantine where pipeline = ?
    order by stream, key`;
  const rows = await destination.select(query, [pipeline]).catch((error: unknown) => {
    if (error instanceof MissingTableError) return [];
    throw error;
  });
  if (rows.length === 0) terminal.print(`pipeline "${pipeline}": nothing is in quarantine`);
  else {
    const columns = ["stream", "key", "reason"];
    const cells = rows.map((row) => columns.map((column) => String(row[column])));
    terminal.printStyled(formatTable({ columns, rows: cells }, terminal));
  }
}

/** Deletes the lines that are no records, which nothing replaces, or what one stream has there. */
async function clearQuarantine(subject: TargetSubject): Promise<void> {
  const { destination, pipeline, terminal, flags } = subject;
  const stream = flags.name ?? inputStreamOf(pipeline);
  await using session = await destination.lock({ name: pipeline });
  const count = await session.countQuarantined([stream]);
  // With the same checkpoints: only the quarantine is emptied.
  if (count > 0) await session.replaceState(await session.state(), stream);
  terminal.print(
    `cleared ${formatCount(count)} ${count === 1 ? "entry" : "entries"} of ${flags.name ?? "lines that are no records"}`,
  );
}
