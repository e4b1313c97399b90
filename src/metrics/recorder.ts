import type { Session } from "../core/destination.ts";
import { LockedError } from "../core/errors.ts";
import { countingSession } from "./counting-session.ts";
import type { EarlierSync } from "./earlier-syncs.ts";
import type {
  MeasuredWrite,
  MetricsRecorder,
  RecordedPipeline,
  Recording,
} from "./metrics-options.ts";
import type { Metrics } from "./metrics.ts";
import type { PipelineLabels, PipelineMetrics } from "./pipeline-metrics.ts";

/** How many of the latest syncs to search for a complete one. */
const maxSyncs = 1000;

/** The label of what is not known, as in the C8 contract. */
const unknown = "NA";

/** How the recorder of a process does its work. */
interface RecorderOptions {
  readonly metrics: Metrics;
  /** What the file of an earlier process says. */
  readonly earlier: () => Promise<readonly EarlierSync[]>;
  readonly signal: AbortSignal;
  /** Writes the file. */
  readonly save?: (() => Promise<void>) | undefined;
}

/** Records the syncs of one process, each under its own labels. */
export class Recorder implements MetricsRecorder {
  readonly #options: RecorderOptions;
  readonly #errors = new Set<unknown>();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  async save(): Promise<void> {
    await this.#options.save?.();
  }

  async record<Result>(
    pipeline: RecordedPipeline,
    sync: (recording: Recording) => Promise<Result>,
  ): Promise<Result> {
    const recording = new SyncRecording(pipeline, this.#options);
    try {
      return await sync(recording);
    } catch (error) {
      this.#errors.add(error);
      await recording.fail(error);
      throw error;
    }
  }

  /**
   * Records an error that came before a sync of any pipeline: it concerns all of which an earlier
   * process wrote.
   */
  async recordError(error: unknown): Promise<void> {
    if (this.#errors.has(error)) return;
    const earlier: readonly Partial<EarlierSync>[] = await this.#options.earlier();
    for (const { pipeline = unknown, source = unknown } of earlier.length > 0 ? earlier : [{}])
      await new SyncRecording(
        { source, name: pipeline, defaultName: pipeline },
        this.#options,
      ).fail(error);
  }
}

/** Records one sync of one pipeline. */
class SyncRecording implements Recording {
  readonly #options: RecorderOptions;
  readonly #pipeline: RecordedPipeline;
  readonly #startedAt = new Date();
  #labels: PipelineLabels | undefined;
  #hasSession = false;

  constructor(pipeline: RecordedPipeline, options: RecorderOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
    if (pipeline.name !== undefined) this.named(pipeline.name);
  }

  readonly named = (pipeline: string): void => {
    this.#labels = { pipeline, source: this.#pipeline.source };
    this.#series.beginRun(this.#startedAt);
  };

  readonly observe = async (session: Session, write: MeasuredWrite): Promise<Session> => {
    const series = this.#series;
    series.addRequestStats(write.transfer);
    this.#hasSession = true;
    const syncs = await write.destination.syncs(maxSyncs, this.#name);
    const ended = syncs.find(({ status }) => status === "completed")?.endedAt;
    if (ended !== undefined) series.setLastComplete(new Date(ended));
    return countingSession(session, series);
  };

  readonly countFailedStreams = (streams: number): void => {
    this.#series.countErrors(streams);
  };

  /** Counts an error, and ends the run with the status that fits. */
  async fail(error: unknown): Promise<void> {
    const { signal } = this.#options;
    if (!this.#hasSession) await this.#continueEarlier();
    const isLocked = error instanceof LockedError;
    const series = this.#series;
    if (!signal.aborted && !isLocked) series.countErrors(1);
    series.failRun(signal.aborted ? "interrupted" : isLocked ? "locked" : "failed");
  }

  /**
   * Without a session, only the file of an earlier sync tells the last complete one, and what the
   * pipeline is called if the configuration could not be read.
   */
  async #continueEarlier(): Promise<void> {
    const ofSource = (await this.#options.earlier()).filter(
      ({ source = this.#pipeline.source }) => source === this.#pipeline.source,
    );
    const [only, ...others] = ofSource;
    if (!this.#labels && only?.pipeline !== undefined && others.length === 0)
      this.named(only.pipeline);
    const name = this.#name;
    const last = ofSource.find(({ pipeline = name }) => pipeline === name);
    if (last) this.#series.setLastComplete(last.lastComplete);
  }

  get #name(): string {
    return this.#labels?.pipeline ?? this.#pipeline.defaultName;
  }

  get #series(): PipelineMetrics {
    return this.#options.metrics.of({ pipeline: this.#name, source: this.#pipeline.source });
  }
}
