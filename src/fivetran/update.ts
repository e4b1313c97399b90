import { ConfigError, isOperational, SourceError, TransientError } from "../core/errors.ts";
import { RecordBuffer } from "./record-buffer.ts";
import { selectTables } from "./selection.ts";
import { ConnectionState } from "./state.ts";
import { readTable } from "./table-reader.ts";
import type { UpdateOptions } from "./update-options.ts";
import { Warnings } from "./warnings.ts";
import { textResponse } from "./wire.ts";

/**
 * The answers to `Update`, in their bytes: the selected streams, one after the other, each with its records and checkpoints. What a person has to
 * change becomes a task, which ends the sync; a stream that cannot be read fails alone, and the call fails when all have been tried.
 */
export async function* updateResponses(options: UpdateOptions): AsyncGenerator<Buffer, void> {
  try {
    yield* selectedResponses(options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    options.log.severe(error.message);
    yield textResponse("task", options.redact(error.message));
  }
}

async function* selectedResponses(options: UpdateOptions): AsyncGenerator<Buffer, void> {
  const { selection, stateJson, signal, log, redact } = options;
  const { streams, identity } = options.open();
  const state = new ConnectionState(identity, stateJson);
  const warnings = new Warnings(redact);
  const failures: Error[] = [];
  for (const selected of selectTables(streams, selection)) {
    const { name } = selected.stream;
    const batch = new RecordBuffer({
      onOversized: (bytes) => {
        log.warning(`${name}: a record of ${bytes} bytes goes alone`);
      },
    });
    try {
      yield* readTable(selected, { ...options, state, buffer: batch, warnings });
    } catch (error) {
      if (signal.aborted || !isOperational(error) || error instanceof ConfigError) throw error;
      log.severe(`${name}: ${error.message}`);
      failures.push(new Error(`${name}: ${error.message}`, { cause: error }));
    }
  }
  yield* warnings.finish();
  const [first] = failures;
  if (!first) return;
  const text = failures.map(({ message }) => message).join("; ");
  const mayPass = failures.some(({ cause }) => cause instanceof TransientError);
  throw new (mayPass ? TransientError : SourceError)(text, { cause: first });
}
