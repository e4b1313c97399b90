import { createHash } from "node:crypto";
import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Batch } from "../core/source.ts";
import type { Session } from "../core/destination.ts";
import { readBatchFile } from "./batch-file.ts";
import {
  sweepColumns,
  parseExtension,
  parseSweep,
  type Extension,
  type SweepText,
} from "./extension.ts";
import { BatchBuilder } from "./batch-builder.ts";
import type { LineChunk } from "./lines.ts";
import {
  LineError,
  parseLine,
  parseBatchLine,
  type BatchMessage,
  type ParsedLine,
  type SchemaMessage,
} from "./message.ts";
import { TableNames } from "./table-names.ts";
import { parseSavedStream, type SavedStream } from "./saved-stream.ts";
import { TargetStream } from "./target-stream.ts";

export interface TapReaderOptions {
  readonly session: Pick<Session, "prepare" | "state">;
  /** The stream under which states, and lines that are none, are kept. */
  readonly inputStream: string;
  readonly log: Log;
}

/** So many lines without a message among them are no output of a tap. */
const maxLeadingInvalid = 100;

/** So many lines that are no message are told one by one. */
const maxWarnings = 20;

/** Makes batches of what a tap writes: rows, and after all that came before it, each STATE as a checkpoint. */
export class TapReader {
  readonly #options: TapReaderOptions;
  readonly #inbox: BatchBuilder;
  readonly #streams = new Map<string, TargetStream>();
  /** Streams that earlier runs saw. */
  readonly #remembered = new Map<string, SavedStream>();
  /** Streams whose table is to be made or changed before more of them is written. */
  readonly #unprepared = new Set<TargetStream>();
  #names = new TableNames([]);
  #extracted = { text: "", at: NaN };
  #messages = 0;
  #broken = 0;

  constructor(options: TapReaderOptions) {
    this.#options = options;
    this.#inbox = new BatchBuilder(options.inputStream);
  }

  /** The batches of all lines. Makes the tables that they need. */
  async *readBatches(input: AsyncIterable<LineChunk>): AsyncGenerator<Batch, void> {
    await this.#remember();
    yield* this.#all(input, { parse: parseLine, name: "" });
    if (this.#broken > maxWarnings) {
      const { log } = this.#options;
      log.warning(`${this.#broken} lines in all are no messages; they are in quarantine`);
    }
  }

  async *#all(input: AsyncIterable<LineChunk>, from: LineSource): AsyncGenerator<Batch, void> {
    for await (const { texts, firstNumber, invalidUtf8 } of input) {
      for (const [index, text] of texts.entries()) {
        const at = `${from.name}line ${firstNumber + index}`;
        if (invalidUtf8?.has(index) === true) this.#reject(text, at, "not UTF-8");
        else if (text.trim() !== "") {
          const files = this.#line(text, at, from);
          if (files) yield* this.#files(files);
        }
      }
      yield* this.#batches();
    }
  }

  async *#files(message: BatchMessage): AsyncGenerator<Batch, void> {
    const parse = (text: string): ParsedLine => ({
      message: parseBatchLine(text, message.stream),
      extension: undefined,
    });
    for (const file of message.files) {
      yield* this.#all(readBatchFile(file, message), { parse, name: `${file}: ` });
    }
  }

  /** Takes a line; one that is no message goes into quarantine. The files of a BATCH are for the caller to read. */
  #line(text: string, at: string, { parse }: LineSource): BatchMessage | undefined {
    try {
      const line = parse(text);
      this.#messages += 1;
      return this.#message(line);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      this.#reject(text, at, error.message);
      return undefined;
    }
  }

  #message({ message, extension: sent }: ParsedLine): BatchMessage | undefined {
    const extension = sent === undefined ? undefined : parseExtension(sent);
    for (const sweep of extension?.sweeps ?? []) this.#sweep(sweep);
    switch (message.type) {
      case "RECORD": {
        const stream = this.#streamOf(message);
        const received = { bytes: message.length, readAt: this.#readAt(message.extractedAt) };
        this.#inbox.add(stream, stream.convert(message, extension), received);
        this.#noteChange(stream);
        return undefined;
      }
      case "SCHEMA":
        this.#schema(message, extension);
        return undefined;
      case "STATE":
        this.#inbox.addState(message.value);
        return undefined;
      case "ACTIVATE_VERSION":
        this.#activate(message);
        return undefined;
      case "BATCH":
        this.#streamOf(message);
        return message;
    }
  }

  #schema(message: SchemaMessage, extension: Extension | undefined): void {
    const { stream: name } = message;
    const table = this.#names.tableOf(name);
    const known = this.#remembered.get(name) ?? { stream: name, columns: {} };
    const stream = this.#streams.get(name) ?? new TargetStream(table, known);
    this.#streams.set(name, stream);
    stream.applySchema(message, extension);
    this.#noteChange(stream);
  }

  #activate(message: { readonly type: string; stream: string; version: number }): void {
    const stream = this.#streamOf(message);
    const sweep = stream.activateVersion(message.version);
    this.#noteChange(stream);
    if (sweep) this.#inbox.addSweep(stream, sweep);
  }

  #sweep({ stream: name, text }: SweepText): void {
    const stream = this.#streamOf({ type: "sweep", stream: name });
    const { columns, primaryKey } = stream.declaration;
    const swept = { name, columns, primaryKey };
    const sweep = parseSweep(text, swept);
    const missing = sweepColumns(sweep, swept).find((column) => !(column in columns));
    if (missing !== undefined)
      throw new LineError(`sweep of "${name}": its schema does not declare "${missing}"`);
    this.#inbox.addSweep(stream, sweep);
  }

  #streamOf(of: { readonly type: string; readonly stream: string }): TargetStream {
    const stream = this.#streams.get(of.stream);
    if (stream) return stream;
    throw new LineError(`${of.type}: no SCHEMA of the stream "${of.stream}" came before it`);
  }

  /** Milliseconds since 1970; records that were extracted together say the same. */
  #readAt(text: string | undefined): number {
    if (text === undefined) return Infinity;
    if (text !== this.#extracted.text) this.#extracted = { text, at: Date.parse(text) };
    return Number.isNaN(this.#extracted.at) ? Infinity : this.#extracted.at;
  }

  #noteChange(stream: TargetStream): void {
    if (stream.consumeChange()) this.#unprepared.add(stream);
  }

  /** All that was taken, once the tables are there for it. */
  async *#batches(): AsyncGenerator<Batch, void> {
    const ready = this.#inbox.drain();
    if (this.#unprepared.size > 0) {
      const streams = [...this.#unprepared];
      this.#unprepared.clear();
      await this.#options.session.prepare(streams.map(({ declaration }) => declaration));
      for (const { table: stream, checkpoint } of streams)
        yield { stream, rows: [], checkpoint, bytes: 0 };
    }
    yield* ready;
  }

  async #remember(): Promise<void> {
    const known: [stream: string, table: string][] = [];
    for (const [table, checkpoints] of await this.#options.session.state()) {
      const memory = parseSavedStream(checkpoints.get(""));
      if (!memory) continue;
      known.push([memory.stream, table]);
      this.#remembered.set(memory.stream, memory);
    }
    this.#names = new TableNames(known);
  }

  #reject(payload: string, at: string, why: string): void {
    this.#broken += 1;
    const reason = `${at}: ${why}`;
    if (this.#messages === 0 && this.#broken >= maxLeadingInvalid)
      throw new ConfigError(
        `standard input: ${reason}; none of the first ${maxLeadingInvalid} lines is a Singer message; pipe the output of a tap into this program`,
      );
    if (this.#broken <= maxWarnings) this.#options.log.warning(`${reason}; in quarantine`);
    const hash = createHash("sha256").update(payload).digest("hex").slice(0, 16);
    this.#inbox.addRejected({ key: `line ${hash}`, payload, reason });
  }
}

/** Where lines come from. */
interface LineSource {
  readonly parse: (text: string) => ParsedLine;
  /** What their numbers are told with. */
  readonly name: string;
}
