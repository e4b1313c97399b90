import { readFile } from "node:fs/promises";
import { readSettings } from "../../configuration/configuration-file.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Stream } from "../../core/source.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { allOf, catalogOf, wantedBy, type Wanted } from "../../singer/catalog.ts";
import { ClosedPipe, Output } from "../../singer/line-output.ts";
import { tap, type TapEnd } from "../../singer/run-tap.ts";
import { parseState, TapState, type Subject } from "../../singer/tap-state.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";

/** Writes the source as a Singer tap does: messages on standard output, everything else on standard error. */
export async function tapCommand(invocation: Invocation): Promise<number> {
  const { source, flags, terminal, signal } = invocation;
  const { streams, pipeline } = await configure(invocation);
  if (flags.discover === true) {
    terminal.printJson(catalogOf(streams));
    return exitStatus.completed;
  }
  const subject = { source: source.name, identity: pipeline.identity ?? "" };
  const wanted = await wantedOf(invocation, streams);
  const state = await stateOf(flags.state, subject);
  try {
    const end = await tap({
      wanted,
      state,
      identity: `${subject.source} ${subject.identity}`,
      output: new Output(process.stdout),
      metric: (line) => {
        if (flags.quiet !== true) process.stderr.write(`${line}\n`);
      },
      startedAt: new Date(),
      log: terminal.log,
      signal,
    });
    return statusOf(end);
  } catch (error) {
    // Who wants no more has had enough.
    if (error instanceof ClosedPipe) return exitStatus.completed;
    throw error;
  }
}

async function wantedOf(
  { flags }: Invocation,
  streams: readonly Stream[],
): Promise<readonly Wanted[]> {
  const { catalog, properties } = flags;
  const file = catalog ?? properties;
  if (catalog !== undefined && properties !== undefined)
    throw new ConfigError("--properties: the same as --catalog; give one of them");
  if (file === undefined) return allOf(streams);
  const content = await readSettings(file);
  if (!content)
    throw new ConfigError(`${file}: no such file; make it with: tap --discover > ${file}`);
  return wantedBy(content, streams, file);
}

async function stateOf(file: string | undefined, subject: Subject): Promise<TapState> {
  if (file === undefined) return new TapState(subject);
  return parseState(await textOf(file), subject, file);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new ConfigError(
      `${file}: cannot be read (${code}); name the file that the target wrote, or leave --state out to read everything`,
      { cause },
    );
  }
}

function statusOf({ rejected, failed }: TapEnd): number {
  if (failed.length > 0) return exitStatus.failed;
  return rejected > 0 ? exitStatus.partial : exitStatus.completed;
}
