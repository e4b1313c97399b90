import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { EndedProgram, RunningProgram } from "../support/program.ts";
import type { HttpProxy } from "./http-proxy.ts";
import { launch, type LaunchOptions } from "./launch.ts";
import type { Random } from "../support/random.ts";
import type { ChaosService } from "./service.ts";
import type { Storage } from "./storage.ts";

export interface BoutOptions<Where extends Storage = Storage> {
  readonly random: Random;
  readonly service: ChaosService;
  /** Between the program and the service. */
  readonly proxy: HttpProxy;
  readonly storage: Where;
  /** Where the configuration is. */
  readonly folder: string;
  /** How the source pages, and how patient it is. */
  readonly pace: Readonly<Record<string, unknown>>;
  /** Whether everything is read again, so that there is much to disturb. */
  readonly fullRefresh?: boolean;
}

export interface StartOptions extends Omit<LaunchOptions, "cwd" | "aheadMs"> {
  /** Keys of the configuration that are otherwise than usual. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** One run of the program, and what a disturbance may lay its hands on. */
export class Bout<Where extends Storage = Storage> {
  readonly random: Random;
  readonly service: ChaosService;
  readonly proxy: HttpProxy;
  readonly storage: Where;
  /** Whether the service changes while it is read, so that nobody can say what a sync has to show. */
  restless = false;
  /** Whether somebody else, or another run, wrote to the database, so that what one sync counted is not what is there. */
  tampered = false;
  /** Whether that happened which the disturbance is about; undefined where only the outcome tells. */
  happened: boolean | undefined;
  /** Whether the program was able to write its row in `_rivulet_sync`, however it ended. */
  records = false;
  readonly fullRefresh: boolean;
  readonly #folder: string;
  readonly #pace: BoutOptions["pace"];
  readonly #flags: readonly string[];

  constructor(options: BoutOptions<Where>) {
    const { random, service, proxy, storage, folder, pace, fullRefresh = false } = options;
    this.random = random;
    this.service = service;
    this.proxy = proxy;
    this.storage = storage;
    this.#folder = folder;
    this.#pace = pace;
    this.fullRefresh = fullRefresh;
    this.#flags = fullRefresh ? ["--full-refresh"] : [];
  }

  start({ config = {}, ...options }: StartOptions = {}): RunningProgram {
    const { source, section, aheadMs } = this.service;
    const own = { ...section, base_url: this.proxy.url, ...this.#pace, ...config };
    writeFileSync(join(this.#folder, "configuration.json"), JSON.stringify({ [source]: own }));
    const args = ["--destination", this.storage.url, ...this.#flags];
    return launch(`${source}-sync`, args, { cwd: this.#folder, aheadMs, ...options });
  }

  async run(options?: StartOptions): Promise<EndedProgram> {
    return await this.start(options).ended;
  }

  /** Waits until the program has got some answers, or has ended. */
  async answers({ ended }: RunningProgram): Promise<void> {
    await Promise.race([this.proxy.more(1 + this.random.smallCount()), ended]);
  }

  /** Waits until something is so, or the program has ended. */
  async until(
    { ended }: RunningProgram,
    condition: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const end = new AbortController();
    void ended.then(() => {
      end.abort();
    });
    while (!end.signal.aborted && !(await condition())) await wait(1);
  }

  /** Sees to it that there are tables with rows, if there are none yet. */
  async fill(): Promise<void> {
    const tables = Object.keys(this.service.keys);
    const asked = tables.map((table) => this.storage.query(`SELECT 1 FROM "${table}" LIMIT 1`));
    const isFilled = await Promise.all(asked).then(
      (found) => found.every(({ length }) => length > 0),
      () => false,
    );
    if (isFilled) return;
    this.tampered = true;
    const { status, stderr } = await this.run();
    if (status !== 0 && status !== 3) throw new Error(`it could not be filled: ${stderr}`);
    this.change();
  }

  /** Has the users of the service do something, while nobody reads. */
  change(): void {
    for (let count = this.random.between(1, 10); count > 0; count -= 1) {
      this.service.change(this.random);
    }
  }
}
