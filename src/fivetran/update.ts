import { callerMessageOf, withCallerMessage } from "../core/caller-message.ts";
import { ConfigError, isOperational, SourceError, TransientError } from "../core/errors.ts";
import { CheckpointOutput } from "./checkpoint-output.ts";
import { RecordBuffer } from "./record-buffer.ts";
import { selectTables } from "./selection.ts";
import { ConnectionState } from "./state.ts";
import { readTable } from "./table-reader.ts";
import type { UpdateOptions } from "./update-options.ts";
import { Warnings } from "./warnings.ts";
import { textResponse } from "./wire.ts";

/**
 * The encoded responses to `Update`: records and checkpoints of the selected streams, one after the
 * other. A ConfigError becomes a task for a person and ends the sync. A stream that fails does not
 * stop the others; the call fails after the last one.
 */
export async function* updateResponses(options: UpdateOptions): AsyncGenerator<Buffer, void> {
  try {
    yield* selectedResponses(options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    options.log.severe(error.message);
    yield textResponse("task", options.redact(callerMessageOf(error)));
  }
}

async function* selectedResponses(options: UpdateOptions): AsyncGenerator<Buffer, void> {
  const { selection, stateJson, signal, log } = options;
  const { streams, identity } = options.open();
  const state = new ConnectionState(identity, stateJson);
  const output = new CheckpointOutput(state);
  const warnings = new Warnings(log);
  const failures: StreamFailure[] = [];
  for (const selected of selectTables(streams, selection)) {
    const { name } = selected.stream;
    const buffer = new RecordBuffer({
      onOversized: (bytes) => {
        log.warning(`${name}: a record of ${bytes} bytes is sent alone`);
      },
      onSent(bytes) {
        output.addRecords(bytes);
      },
    });
    try {
      yield* readTable(selected, { ...options, state, output, buffer, warnings });
    } catch (error) {
      if (signal.aborted || !isOperational(error)) throw error;
      if (error instanceof ConfigError) {
        yield* output.finish();
        throw error;
      }
      log.severe(`${name}: ${error.message}`);
      failures.push({ name, error });
    }
  }
  yield* output.finish();
  yield* warnings.finish();
  if (failures.length > 0) throw joinedError(failures);
}

interface StreamFailure {
  readonly name: string;
  readonly error: Error;
}

function joinedError(failures: readonly StreamFailure[]): Error {
  const joined = (text: (error: Error) => string): string =>
    failures.map(({ name, error }) => `${name}: ${text(error)}`).join("; ");
  const isTransient = failures.some(({ error }) => error instanceof TransientError);
  const error = new (isTransient ? TransientError : SourceError)(
    joined(({ message }) => message),
    { cause: failures[0]?.error },
  );
  return withCallerMessage(error, joined(callerMessageOf));
}
