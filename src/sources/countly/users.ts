import { ConfigError, SourceError } from "../../core/errors.ts";
import { readPartitions, type Partition } from "../../engine/partitions.ts";
import type { Checkpoint, Stream, StreamBatch } from "../../core/source.ts";
import type { App } from "./server/app-list.ts";
import { readUsers, type ReadUsersOptions } from "./users/read-users.ts";
import { copiesEveryApp, type CountlyConfig } from "./client/config.ts";
import { sweepDeletedApps } from "./deleted-apps.ts";
import { userDeclaration, newPageMapper } from "./rows/rows.ts";
import type { CountlyLogin } from "./server/login.ts";
import { stamped } from "./rows/tables.ts";
import type { PreferredEndpoint } from "./users/user-reader.ts";

/** The users of the apps. Each app is a partition with a mark of its own. */
export function userStream(session: CountlyLogin, config: CountlyConfig): Stream {
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
      const server = await session.connect(saved);
      const apps = session.selectApps(server, options);
      const memory: PreferredEndpoint = { name: savedEndpoint(saved) };
      const pages = newPageMapper(userDeclaration, log);
      const reading: ReadUsersOptions = {
        ...options,
        server,
        config,
        mapper: pages,
        preferred: memory,
      };
      const closed = new UnreadableApps(apps, config);
      const partitions = apps.map((app) => appPartition(app, reading, closed));
      const { concurrency } = config;
      yield* readPartitions(partitions, { concurrency, signal, log });
      closed.throwIfAll();
      const { keyLocation } = server;
      const checkpoint = {
        login: keyLocation,
        ...(memory.name === undefined ? {} : { way: memory.name }),
      };
      yield* sweepDeletedApps({ ...options, server, config, apps, checkpoint });
    },
  };
}

function appPartition(app: App, reading: ReadUsersOptions, closed: UnreadableApps): Partition {
  const { id } = app;
  const { checkpoints, log } = reading;
  const saved = checkpoints.get(id);
  let latest: Checkpoint = saved ?? {};
  return {
    key: id,
    where: { app_id: id },
    async *read(signal): AsyncGenerator<StreamBatch, void> {
      let isKnown = saved !== undefined;
      try {
        for await (const part of readUsers(app, { ...reading, signal })) {
          latest = part.checkpoint ?? latest;
          // Empty or not, the app is known with the first of its rows, by which they go when it goes.
          yield isKnown ? part : { ...part, checkpoint: latest };
          isKnown = true;
        }
      } catch (error) {
        if (error instanceof ConfigError || error instanceof SourceError)
          await reading.server.confirmAccess();
        if (!(error instanceof ConfigError) || !closed.skip(error)) throw error;
        log.warning(`${error.message}; passed over`);
      }
    },
    failedBefore: latest["failed"] === true,
    failed: () => ({ ...latest, failed: true }),
  };
}

/** The apps of which the key may not read the users. Where every app is copied that it may read, they are passed over, unless it may read none. */
class UnreadableApps {
  readonly #apps: readonly App[];
  readonly #config: CountlyConfig;
  readonly #errors: ConfigError[] = [];

  constructor(apps: readonly App[], config: CountlyConfig) {
    this.#apps = apps;
    this.#config = config;
  }

  skip(error: ConfigError): boolean {
    this.#errors.push(error);
    return copiesEveryApp(this.#config);
  }

  throwIfAll(): void {
    const [first] = this.#errors;
    if (first && this.#errors.length >= this.#apps.length) throw first;
  }
}

function savedEndpoint(saved: Checkpoint | undefined): string | undefined {
  const way = saved?.["way"];
  return typeof way === "string" ? way : undefined;
}
