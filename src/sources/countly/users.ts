import { ConfigError, SourceError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Checkpoint, Stream, StreamBatch } from "../../core/source.ts";
import type { MassDeletionError } from "../../engine/mass-deletion.ts";
import { readPartitions, type Partition } from "../../engine/partitions.ts";
import { copiesEveryApp, type CountlyConfig } from "./client/config.ts";
import { sweepDeletedApps } from "./deleted-apps.ts";
import { newPageMapper, userDeclaration } from "./rows/rows.ts";
import { stamped } from "./rows/tables.ts";
import type { App } from "./server/app-list.ts";
import type { CountlyLogin } from "./server/login.ts";
import { readUsers, type ReadUsersOptions } from "./users/read-users.ts";
import type { PreferredEndpoint } from "./users/user-reader.ts";

/** The users of the apps. Each app is a partition with its own high-water mark. */
export function userStream(login: CountlyLogin, config: CountlyConfig): Stream {
  const { name, columns, primaryKey } = userDeclaration;
  return {
    name,
    columns,
    primaryKey,
    stamped,
    description: "The users of the apps, with their profile and their sessions",
    cursor: "last_sync",
    units: { rows: "users", partitions: "apps" },
    async *read(options) {
      const { signal, log, checkpoints } = options;
      const saved = checkpoints.get("");
      const server = await login.connect(saved);
      const apps = login.selectApps(server, options);
      const believed = login.judgeApps(apps, options);
      const isRefused = login.judge.refusal !== undefined;
      const preferred: PreferredEndpoint = { name: savedEndpoint(saved) };
      const mapper = newPageMapper(userDeclaration, log);
      const refusals = new Map<string, MassDeletionError>();
      const reading: AppsReading = {
        ...{ ...options, server, config, mapper, preferred, isRefused, refusals },
      };
      const unreadable = new UnreadableApps(apps, config);
      const partitions = apps.map((app) => appPartition(app, reading, unreadable));
      const { concurrency } = config;
      const readBefore = [...checkpoints.entries()].some(
        ([app, checkpoint]) => app !== "" && wasRead(checkpoint),
      );
      yield* readPartitions(partitions, { concurrency, readBefore, signal, log });
      unreadable.throwIfAll();
      const checkpoint = {
        login: server.keyLocation,
        apps: believed,
        ...(preferred.name === undefined ? {} : { way: preferred.name }),
      };
      const { refusal } = login.judge;
      yield* sweepDeletedApps({ ...options, server, config, apps, checkpoint, refusal });
      throwFirst(refusals, log);
    },
  };
}

/** Whether anything of an app was read: if it only failed, nothing else is saved. */
function wasRead(checkpoint: Checkpoint): boolean {
  return Object.keys(checkpoint).some((name) => name !== "failed");
}

/** How the users of all apps are read. */
interface AppsReading extends Omit<ReadUsersOptions, "refuse"> {
  /** The apps that list far fewer users than before. */
  readonly refusals: Map<string, MassDeletionError>;
}

/** The other apps were read before this is thrown. */
function throwFirst(refusals: ReadonlyMap<string, MassDeletionError>, log: Log): void {
  const [first, ...others] = refusals.values();
  for (const { message } of others) log.warning(message);
  if (first) throw first;
}

function appPartition(app: App, reading: AppsReading, unreadable: UnreadableApps): Partition {
  const { id } = app;
  const { checkpoints, refusals, log } = reading;
  const refuse = (refusal: MassDeletionError): unknown => refusals.set(id, refusal);
  const saved = checkpoints.get(id);
  let latest: Checkpoint = saved ?? {};
  return {
    key: id,
    where: { app_id: id },
    async *read(signal): AsyncGenerator<StreamBatch, void> {
      let hasCheckpoint = saved !== undefined;
      try {
        for await (const batch of readUsers(app, { ...reading, signal, refuse })) {
          latest = batch.checkpoint ?? latest;
          // The first rows come with a checkpoint, even an empty one: without it, the users of a
          // deleted app would not be swept.
          yield hasCheckpoint ? batch : { ...batch, checkpoint: latest };
          hasCheckpoint = true;
        }
      } catch (error) {
        if (error instanceof ConfigError || error instanceof SourceError)
          await reading.server.confirmAccess();
        if (!(error instanceof ConfigError) || !unreadable.skip(error)) throw error;
        log.warning(`${error.message}; skipped`);
      }
    },
    failedBefore: latest["failed"] === true,
    failed: () => ({ ...latest, failed: true }),
  };
}

/**
 * The apps whose users the key may not read. With `app_id: "*"` they are skipped, unless all of
 * them are unreadable.
 */
class UnreadableApps {
  readonly #apps: readonly App[];
  readonly #config: CountlyConfig;
  readonly #errors: ConfigError[] = [];

  constructor(apps: readonly App[], config: CountlyConfig) {
    this.#apps = apps;
    this.#config = config;
  }

  /** Records an app's error. Returns whether to skip the app. */
  skip(error: ConfigError): boolean {
    this.#errors.push(error);
    return copiesEveryApp(this.#config);
  }

  throwIfAll(): void {
    const [first] = this.#errors;
    if (first && this.#errors.length >= this.#apps.length) throw first;
  }
}

function savedEndpoint(checkpoint: Checkpoint | undefined): string | undefined {
  const name = checkpoint?.["way"];
  return typeof name === "string" ? name : undefined;
}
