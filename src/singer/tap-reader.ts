import { TableError } from "../core/errors.ts";
import type { Batch } from "../core/source.ts";
import { BatchBuilder } from "./batch-builder.ts";
import { readBatchFile } from "./batch-file.ts";
import { type Extension, parseExtension, type SweepText } from "./extension.ts";
import { ExtractionTimes } from "./extraction-times.ts";
import { RejectedRecord } from "./key-spelling.ts";
import { InvalidLines, unreadableBatch } from "./invalid-lines.ts";
import type { LineChunk } from "./lines.ts";
import {
  type ActivateVersionMessage,
  BatchError,
  type BatchMessage,
  LineError,
  parseBatchLine,
  type ParsedLine,
  parseLine,
  type RecordMessage,
  type SchemaMessage,
} from "./message.ts";
import { TargetStreams, type TargetStreamsOptions } from "./target-streams.ts";

/** What a `TapReader` needs. */
interface TapReaderOptions extends TargetStreamsOptions {
  /** The stream that owns states and invalid lines. */
  readonly inputStream: string;
  /** The folder that files of a BATCH must be in. */
  readonly batchFolder: string;
}

/** Turns the output of a tap into batches: rows, and each STATE as the checkpoint they earn. */
export class TapReader {
  readonly #options: TapReaderOptions;
  readonly #builder: BatchBuilder;
  readonly #streams: TargetStreams;
  readonly #extractionTimes = new ExtractionTimes();
  readonly #invalidLines: InvalidLines;
  /** Versions that were activated before the SCHEMA of their stream, by stream. */
  readonly #earlyVersions = new Map<string, ActivateVersionMessage>();
  #messageCount = 0;

  constructor(options: TapReaderOptions) {
    this.#options = options;
    this.#builder = new BatchBuilder(options.inputStream);
    this.#streams = new TargetStreams(options);
    this.#invalidLines = new InvalidLines(options.log);
  }

  /**
   * Yields the batches of all lines, once their tables are prepared; quarantines invalid lines.
   *
   * @throws ConfigError if the input is not from a tap, or contradicts what the pipeline stores
   * @throws SourceError if a BATCH or one of its files cannot be read
   */
  async *readBatches(input: AsyncIterable<LineChunk>): AsyncGenerator<Batch, void> {
    await this.#streams.load();
    yield* this.#readLines(input, { parse: parseLine, prefix: "" });
    this.#invalidLines.summarize();
  }

  async *#readLines(
    input: AsyncIterable<LineChunk>,
    source: LineSource,
  ): AsyncGenerator<Batch, void> {
    for await (const { texts, firstNumber, invalidUtf8 } of input) {
      for (const [index, text] of texts.entries()) {
        const where = `${source.prefix}line ${firstNumber + index}`;
        if (invalidUtf8?.has(index) === true) this.#reject(text, where, "not UTF-8");
        else if (text.trim() !== "") {
          const batchMessage = this.#readLine(text, where, source);
          if (batchMessage) yield* this.#readFiles(batchMessage);
        }
      }
      yield* this.#takeBatches();
    }
  }

  async *#readFiles(message: BatchMessage): AsyncGenerator<Batch, void> {
    const parse = (text: string): ParsedLine => ({
      message: parseBatchLine(text, message),
      extension: undefined,
    });
    const { table: stream } = this.#streams.require(message);
    const failures: Error[] = [];
    for (const file of message.files) {
      const onError = (error: Error): unknown => failures.push(error);
      const lines = readBatchFile(file, { ...message, folder: this.#options.batchFolder, onError });
      yield* this.#readLines(lines, { parse, prefix: `${file}: ` });
    }
    for (const failure of failures) {
      this.#options.onRefused(stream, failure);
      // Marks the place from which STATEs are held back.
      yield { stream, rows: [], bytes: 0 };
    }
  }

  /** Applies a line; an invalid one goes to quarantine. Returns a BATCH, for the caller to read. */
  #readLine(text: string, where: string, { parse }: LineSource): BatchMessage | undefined {
    try {
      const line = parse(text);
      this.#messageCount += 1;
      return this.#apply(line);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      if (error instanceof BatchError) throw unreadableBatch(`${where}: ${error.message}`, error);
      this.#reject(text, where, error.message);
      return undefined;
    }
  }

  #apply({ message, extension: text }: ParsedLine): BatchMessage | undefined {
    const extension = text === undefined ? undefined : parseExtension(text);
    for (const sweep of extension?.sweeps ?? []) this.#addSweep(sweep);
    switch (message.type) {
      case "RECORD":
        this.#addRecord(message, extension);
        return undefined;
      case "SCHEMA":
        this.#applySchema(message, extension);
        return undefined;
      case "STATE":
        this.#builder.addState(message.value);
        return undefined;
      case "ACTIVATE_VERSION":
        this.#activateVersion(message);
        return undefined;
      case "BATCH":
        this.#streams.require(message);
        return message;
    }
  }

  #addRecord(message: RecordMessage, extension: Extension | undefined): void {
    const stream = this.#streams.require(message);
    const stats = {
      bytes: message.length,
      readAt: this.#extractionTimes.parse(message.extractedAt),
    };
    try {
      this.#builder.add(stream, stream.convert(message, extension), stats);
    } catch (error) {
      if (!(error instanceof RejectedRecord)) throw error;
      this.#builder.addRejected(error.entry, stream.table);
    }
    this.#streams.markIfChanged(stream);
  }

  #applySchema(message: SchemaMessage, extension: Extension | undefined): void {
    const { stream: name } = message;
    const stream = this.#streams.open(name);
    try {
      stream.applySchema(message, extension);
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      this.#options.onRefused(stream.table, error);
    }
    this.#streams.markIfChanged(stream);
    const early = this.#earlyVersions.get(name);
    this.#earlyVersions.delete(name);
    if (early) this.#activateVersion(early);
  }

  /** Some taps activate a version before they describe its stream: it waits for the SCHEMA. */
  #activateVersion(message: ActivateVersionMessage): void {
    const stream = this.#streams.get(message.stream);
    if (!stream) {
      this.#earlyVersions.set(message.stream, message);
      return;
    }
    const sweep = stream.activateVersion(message.version, this.#options.log);
    this.#streams.markIfChanged(stream);
    if (sweep) this.#builder.addSweep(stream, sweep);
  }

  #addSweep({ stream: name, text }: SweepText): void {
    const stream = this.#streams.require({ type: "sweep", stream: name });
    this.#builder.addSweep(stream, stream.parseSweep(text));
  }

  /** Yields what has been collected, once its tables are prepared. */
  async *#takeBatches(): AsyncGenerator<Batch, void> {
    const { prepared, ready } = await this.#streams.prepare(this.#builder.drain());
    for (const { table: stream, checkpoint } of prepared)
      yield { stream, rows: [], checkpoint, bytes: 0 };
    yield* ready;
  }

  #reject(payload: string, where: string, problem: string): void {
    const reason = `${where}: ${problem}`;
    const isLeading = this.#messageCount === 0;
    this.#builder.addRejected(this.#invalidLines.reject(payload, reason, isLeading));
  }
}

/** Standard input, or a BATCH file. */
interface LineSource {
  readonly parse: (text: string) => ParsedLine;
  /** Precedes line numbers in errors. */
  readonly prefix: string;
}
