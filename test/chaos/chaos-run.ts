import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { EndedProgram, RunningProgram } from "../support/program.ts";
import type { Random } from "../support/random.ts";
import type { HttpProxy } from "./http-proxy.ts";
import { launch, type LaunchOptions } from "./launch.ts";
import type { ChaosService } from "./service.ts";
import type { Storage } from "./storage.ts";

/** What a run of the program works with. */
export interface ChaosRunOptions<Where extends Storage = Storage> {
  readonly random: Random;
  readonly service: ChaosService;
  /** Stands between the program and the service. */
  readonly proxy: HttpProxy;
  readonly storage: Where;
  /** The working directory, where the configuration is written. */
  readonly folder: string;
  /** Page size, concurrency and retries, as in the configuration. */
  readonly requestSettings: Readonly<Record<string, unknown>>;
  /** Whether everything is read again, so that there is much to disturb. */
  readonly fullRefresh?: boolean;
}

/** How one start of the program differs from the others. */
export interface StartOptions extends Omit<LaunchOptions, "cwd" | "clockAheadMs"> {
  /** Overrides keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Keys of the configuration that belong to no source. */
  readonly general?: Readonly<Record<string, unknown>>;
  /** Default: the database itself. */
  readonly destination?: string;
}

/** One disturbed run of the program, and what a disturbance may interfere with. */
export class ChaosRun<Where extends Storage = Storage> {
  readonly random: Random;
  readonly service: ChaosService;
  readonly proxy: HttpProxy;
  readonly storage: Where;
  /** Set if the service changes during the sync, so that its exact result is unknown. */
  isServiceChanging = false;
  /** Set if something else wrote to the database, so that the sync's counts cannot be checked. */
  tampered = false;
  /** Whether the disturbance took effect; undefined if only the outcome shows it. */
  happened: boolean | undefined;
  /** Set if the program must complete its row in `_rivulet_sync`, however it ends. */
  mustRecordEnd = false;
  readonly fullRefresh: boolean;
  readonly #folder: string;
  readonly #requestSettings: ChaosRunOptions["requestSettings"];
  readonly #flags: readonly string[];

  constructor(options: ChaosRunOptions<Where>) {
    const { random, service, proxy, storage, folder, requestSettings } = options;
    this.random = random;
    this.service = service;
    this.proxy = proxy;
    this.storage = storage;
    this.#folder = folder;
    this.#requestSettings = requestSettings;
    this.fullRefresh = options.fullRefresh ?? false;
    this.#flags = this.fullRefresh ? ["--full-refresh"] : [];
  }

  /** Starts the program. */
  start(startOptions: StartOptions = {}): RunningProgram {
    const { config = {}, general = {}, destination = this.storage.url, ...options } = startOptions;
    const { source, sourceConfig, clockAheadMs } = this.service;
    const settings = {
      ...sourceConfig,
      base_url: this.proxy.url,
      ...this.#requestSettings,
      ...config,
    };
    writeFileSync(
      join(this.#folder, "configuration.json"),
      JSON.stringify({ ...general, [source]: settings }),
      {
        mode: 0o600,
      },
    );
    const args = ["--destination", destination, ...this.#flags];
    return launch(`${source}-sync`, args, { cwd: this.#folder, clockAheadMs, ...options });
  }

  /** Starts the program and waits for its end. */
  async startAndWait(options?: StartOptions): Promise<EndedProgram> {
    return await this.start(options).ended;
  }

  /** Waits until the program has received a few responses, or has ended. */
  async waitForResponses({ ended }: RunningProgram): Promise<void> {
    await Promise.race([this.proxy.waitForResponses(1 + this.random.smallCount()), ended]);
  }

  /** Waits until a condition holds, or the program has ended. */
  async waitUntil(
    { ended }: RunningProgram,
    condition: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const end = new AbortController();
    void ended.then(() => {
      end.abort();
    });
    while (!end.signal.aborted && !(await condition())) await wait(1);
  }

  /** Syncs once if a table is missing or empty, so that every table has rows. */
  async fillTables(): Promise<void> {
    const tables = Object.keys(this.service.keyColumns);
    const queries = tables.map((table) => this.storage.query(`SELECT 1 FROM "${table}" LIMIT 1`));
    const isFilled = await Promise.all(queries).then(
      (results) => results.every(({ length }) => length > 0),
      () => false,
    );
    if (isFilled) return;
    this.tampered = true;
    const { status, stderr } = await this.startAndWait();
    if (status !== 0 && status !== 3) throw new Error(`the tables were not filled: ${stderr}`);
    this.changeService();
  }

  /** Changes data in the service, as its users would between two syncs. */
  changeService(): void {
    for (let count = this.random.between(1, 10); count > 0; count -= 1) {
      this.service.change(this.random);
    }
  }
}
