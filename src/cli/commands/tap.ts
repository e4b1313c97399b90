import { readFile } from "node:fs/promises";
import { readSettings } from "../../configuration/configuration-file.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Stream } from "../../core/source.ts";
import { visibleText } from "../../core/visible-text.ts";
import {
  buildCatalog,
  selectAllStreams,
  selectStreams,
  type SelectedStream,
} from "../../singer/catalog.ts";
import { ClosedPipeError, LineOutput } from "../../singer/line-output.ts";
import { runTap, type TapResult } from "../../singer/run-tap.ts";
import { parseState, TapState, type StateOwner } from "../../singer/tap-state.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";

/** `tap`: runs the source as a Singer tap, with messages on standard output and nothing else. */
export async function tapCommand(invocation: Invocation): Promise<number> {
  const { source, flags, terminal, signal } = invocation;
  const { streams, pipeline } = await configure(invocation);
  if (flags.discover === true) {
    terminal.printJson(buildCatalog(streams));
    return exitStatus.completed;
  }
  const owner = { source: source.name, identity: pipeline.identity ?? "" };
  const selected = await readSelection(invocation, streams);
  const state = await readTapState(flags.state, owner);
  try {
    const result = await runTap({
      selected,
      state,
      identity: `${owner.source} ${owner.identity}`,
      output: new LineOutput(process.stdout, {
        signal,
        show: process.stdout.isTTY ? visibleText : undefined,
      }),
      writeMetric: (line) => {
        if (flags.quiet !== true) process.stderr.write(`${visibleText(line)}\n`);
      },
      startedAt: new Date(),
      allowMassDeletion: flags["allow-mass-deletion"] === true,
      log: terminal.log,
      signal,
    });
    return exitStatusOfTap(result);
  } catch (error) {
    // The reader closed the pipe because it has all it wanted.
    if (error instanceof ClosedPipeError) return exitStatus.completed;
    throw error;
  }
}

async function readSelection(
  { flags }: Invocation,
  streams: readonly Stream[],
): Promise<readonly SelectedStream[]> {
  const { catalog, properties } = flags;
  const file = catalog ?? properties;
  if (catalog !== undefined && properties !== undefined)
    throw new ConfigError("--properties: same as --catalog; use only one of them");
  if (file === undefined) return selectAllStreams(streams);
  const content = await readSettings(file);
  if (!content)
    throw new ConfigError(`${file}: no such file; create it with: tap --discover > ${file}`);
  return selectStreams(content, streams, file);
}

async function readTapState(file: string | undefined, owner: StateOwner): Promise<TapState> {
  if (file === undefined) return new TapState(owner);
  return parseState(await readText(file), owner, file);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new ConfigError(
      `${file}: cannot be read (${code}); pass the file that the target wrote, or leave out --state to read everything`,
      { cause },
    );
  }
}

function exitStatusOfTap({ rejectedCount, failedStreams }: TapResult): number {
  if (failedStreams.length > 0) return exitStatus.failed;
  return rejectedCount > 0 ? exitStatus.partial : exitStatus.completed;
}
