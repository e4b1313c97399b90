import { exitStatus, exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { ConfigError } from "../../src/core/errors.ts";
import type { Counts } from "../../src/core/destination.ts";
import type { OpikDataset } from "../../src/emulators/opik/dataset.ts";
import { newLog } from "../../src/core/log.ts";
import { openDestination } from "../../src/destination/open.ts";
import type { OpikConfig } from "../../src/sources/opik/config.ts";
import { opik } from "../../src/sources/opik/source.ts";
import type { TestDatabase } from "./databases.ts";
import { disturbedSync, type Outcome } from "./disturbed-sync.ts";
import { newFolder, run, type EndedProgram } from "./program.ts";
import { startOpik, type Opik, type StartOptions } from "./opik.ts";
import { syncOpik, type SyncSourceOptions } from "./sync-source.ts";

/** How a sync ended. */
export interface EndedSync {
  /** The exit status of the program. */
  readonly exit: number;
  /** Why it failed: the errors of the sync or its streams. */
  readonly error: string;
  readonly counts: ReadonlyMap<string, Counts>;
  readonly quarantined: number;
  readonly settled: number;
  readonly warnings: readonly string[];
}

type SyncOptions = Omit<SyncSourceOptions, "config" | "destination" | "warn">;

/** The login of a hosted emulator. */
export const hostedLogin = { apiKey: "opik-key-2f9c1e77", workspace: "team" } as const;

/** The configuration for `hostedLogin`. */
export const hostedConfig = {
  COMET_OPIK_API_KEY: hostedLogin.apiKey,
  COMET_OPIK_WORKSPACE: hostedLogin.workspace,
} as const;

/** How a copy is made. */
export interface CopyOptions extends StartOptions {
  readonly config?: Partial<OpikConfig>;
}

/** An emulator of Opik beside the database that it is copied to. */
export class OpikCopy implements AsyncDisposable {
  readonly opik: Opik;
  readonly database: TestDatabase;
  readonly #config: Partial<OpikConfig>;

  private constructor(opik: Opik, database: TestDatabase, config: Partial<OpikConfig>) {
    this.opik = opik;
    this.database = database;
    this.#config = config;
  }

  static async start(
    newDatabase: () => Promise<TestDatabase>,
    { config = {}, ...options }: CopyOptions = {},
  ): Promise<OpikCopy> {
    const opik = await startOpik(options);
    const login = options.login ? hostedConfig : {};
    return new OpikCopy(opik, await newDatabase(), { retry_attempts: 0, ...login, ...config });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opik[Symbol.asyncDispose]();
    await this.database.drop();
  }

  /** Syncs in this process. Throws only bugs. */
  async sync(config: Partial<OpikConfig> = {}, options: SyncOptions = {}): Promise<EndedSync> {
    const warnings: string[] = [];
    const target = { url: this.opik.url, destination: this.database.url };
    const all = { ...options, warn: (message: string) => void warnings.push(message) };
    try {
      const summary = await syncOpik(target, { ...this.#config, ...config }, all);
      const { counts, quarantined, settled, failures } = summary;
      const error = [...failures.values()].map(({ message }) => message).join("\n");
      return { exit: exitStatusOfSync(summary), error, counts, quarantined, settled, warnings };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const { message } = error;
      const none = { counts: new Map(), quarantined: 0, settled: 0 };
      return { exit: exitStatus.configError, error: message, ...none, warnings };
    }
  }

  /** Syncs in a process that is killed after so many commits. */
  async killedSync(commits: number): Promise<Outcome> {
    await using destination = await openDestination(this.database.url, {
      log: newLog(() => undefined),
    });
    const config = { base_url: this.opik.url, ...this.#config };
    const nowMs = Date.now();
    return await disturbedSync(opik, { destination, config, commits, fullRefresh: false, nowMs });
  }

  /** Runs a command of `opik-sync`, as a person would. */
  async run(...args: readonly string[]): Promise<EndedProgram> {
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: this.opik.url, ...this.#config } },
    });
    const [command = ""] = args;
    const needsDatabase = !["check", "tap", "discover", "sample"].includes(command);
    const destination = needsDatabase ? ["--destination", this.database.url] : [];
    return await run("opik-sync", [...args, ...destination], { cwd: folder.path });
  }

  /** Adds a dataset whose items are numbered in `input`. */
  addDataset(name: string, items: number): OpikDataset {
    const dataset = this.opik.workspace.addDataset({ name });
    if (items > 0) dataset.addItems(newItems(items));
    return dataset;
  }

  /** Lets so much time pass that all replicas have what was written; `Date` has whole seconds. */
  settle(): void {
    this.opik.workspace.clock.advance(15 * 60_000 + 2000);
  }

  /** The first column of the rows that are not marked as deleted, sorted. */
  async live(column = "item_id", table = "opik_dataset_item"): Promise<string[]> {
    const rows = await this.database.query(`SELECT ${column} FROM ${table} WHERE NOT _deleted`);
    return rows.map((row) => String(row[column])).sort();
  }

  /** How many rows of a table are marked as deleted. */
  async deleted(table = "opik_dataset_item"): Promise<number> {
    const [row] = await this.database.query(`SELECT count(*) AS n FROM ${table} WHERE _deleted`);
    return Number(row?.["n"]);
  }

  /** The values of a column of the items that are not marked as deleted, by their ids. */
  async values(column: string): Promise<Record<string, unknown>> {
    const rows = await this.database.query(
      `SELECT item_id, ${column} FROM opik_dataset_item WHERE NOT _deleted`,
    );
    return Object.fromEntries(rows.map((row) => [String(row["item_id"]), parsed(row[column])]));
  }

  /** The reasons in quarantine, sorted. */
  async reasons({ settled = false } = {}): Promise<string[]> {
    const rows = await this.database.query(
      `SELECT reason FROM _rivulet_quarantine WHERE ${settled ? "" : "NOT"} settled`,
    );
    return rows.map(({ reason }) => String(reason)).sort();
  }

  /** The paths that were requested since the last call, below `/v1/private/`. */
  takeRequests(): string[] {
    return this.opik.requests.splice(0).map(({ path }) => path.replace("/v1/private/", ""));
  }
}

/** Items to write, numbered in `input`. */
export function newItems(count: number): { data: { input: number } }[] {
  return Array.from({ length: count }, (_, input) => ({ data: { input } }));
}

function parsed(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}
