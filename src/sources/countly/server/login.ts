import { withCallerMessage } from "../../../core/caller-message.ts";
import { AsyncMemo } from "../../../core/async-memo.ts";
import { ConfigError, TransientError } from "../../../core/errors.ts";
import type { Checkpoint, ReadOptions, SourceContext } from "../../../core/source.ts";
import { ListingJudge } from "../../../engine/mass-deletion.ts";
import { statusOf } from "../../../http/http-error.ts";
import { copiesEveryApp, type CountlyConfig } from "../client/config.ts";
import { newSendRequest, type KeyLocation, type SendRequest } from "../client/countly-client.ts";
import { confirmAccess, listApps, type App, type AppList } from "./app-list.ts";
import { expectsKeyInUrl } from "./detect-key-location.ts";

/** A server that accepted the key. */
export interface CountlyServer extends AppList {
  /** Sends a request with the key. */
  readonly send: SendRequest;
  /** Where the server expects the key; saved for the next sync. */
  readonly keyLocation: KeyLocation;
  /**
   * Throws if the server now refuses the request it accepted first. Tells a revoked key from a
   * resource that the key may not read.
   */
  readonly confirmAccess: () => Promise<void>;
}

/** Logs in, once per sync, and selects the apps to copy. */
export class CountlyLogin {
  readonly #config: CountlyConfig;
  readonly #context: SourceContext;
  readonly #server = new AsyncMemo<CountlyServer>();
  /** Of the lists of apps and groups in this sync. */
  readonly judge = new ListingJudge();

  constructor(config: CountlyConfig, context: SourceContext) {
    this.#config = config;
    this.#context = context;
  }

  /**
   * The server, logged in to as the stream's checkpoint says, if that still works. Throws a
   * TransientError if the server lists no apps.
   */
  connect(checkpoint?: Checkpoint): Promise<CountlyServer> {
    return this.#server.get("", async () => {
      // "url" is not reused: once the server accepts POST, the key stays out of its logs.
      const saved = checkpoint?.["login"];
      const server = await this.#detect(saved === "token" || saved === "form" ? saved : undefined);
      if (server.apps.length > 0) return server;
      throw new TransientError(
        `${this.#config.base_url}: the server lists no apps, so nothing was marked as deleted; check what the key may read and whether the server's database is up, and run again`,
      );
    });
  }

  /**
   * The apps to copy. Throws a ConfigError if the server does not list an app of the
   * configuration, unless an earlier sync read it.
   */
  selectApps(
    { apps, shape }: CountlyServer,
    { checkpoints }: Pick<ReadOptions, "checkpoints">,
  ): App[] {
    if (copiesEveryApp(this.#config)) return [...apps];
    const byId = new Map(apps.map((app) => [app.id, app]));
    return [...new Set(this.#config.app_id)].flatMap((id) => {
      const app = byId.get(id);
      if (app) return [app];
      // A gateway may serve apps that it does not list.
      if (shape === "original") return [{ id, text: undefined, administered: false }];
      if (checkpoints.has(id)) return [];
      throw withCallerMessage(
        new ConfigError(
          `countly.app_id: the server lists no app "${id}" for this key; it lists ${sampleIds(apps)}`,
        ),
        `countly.app_id: the server lists no app "${id}" for this key`,
      );
    });
  }

  /**
   * Judges the apps to copy. Returns how many there were when they were last believed, for the
   * stream's checkpoint.
   */
  judgeApps(apps: readonly App[], options: ReadOptions): number {
    const { checkpoints } = options;
    const saved = checkpoints.get("")?.["apps"];
    const read = [...checkpoints.keys()].filter((id) => id !== "").length;
    const believed = typeof saved === "number" ? saved : read;
    const where = this.#config.base_url;
    return this.judge.believedSize({ where, noun: "apps", believed, shown: apps.length }, options);
  }

  /** Logs in where the key was accepted before, if known; otherwise tries each location. */
  async #detect(saved: "form" | "token" | undefined): Promise<CountlyServer> {
    const savedServer = saved === "token" ? await this.#tryToken() : undefined;
    if (savedServer) return savedServer;
    try {
      return await this.#connectWith("form");
    } catch (error) {
      const mayBeToken = statusOf(error) === 401 && saved !== "token";
      const server = mayBeToken ? await this.#tryToken() : undefined;
      if (server) return server;
      const wasAccepted = saved !== undefined;
      const options = { config: this.#config, context: this.#context, wasAccepted };
      if (await expectsKeyInUrl(error, options)) return await this.#connectWith("url");
      throw error;
    }
  }

  /** Undefined if the key is not a token. */
  async #tryToken(): Promise<CountlyServer | undefined> {
    try {
      return await this.#connectWith("token");
    } catch (error) {
      if (isRefusal(statusOf(error) ?? 0)) return undefined;
      throw error;
    }
  }

  async #connectWith(keyLocation: KeyLocation): Promise<CountlyServer> {
    const send = newSendRequest(this.#config, this.#context, keyLocation);
    const list = await listApps(send);
    return { ...list, send, keyLocation, confirmAccess: () => confirmAccess(send, list) };
  }
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

function sampleIds(apps: readonly App[]): string {
  const ids = apps.slice(0, 5).map(({ id }) => `"${id}"`);
  return (
    ids.join(", ") + (apps.length > ids.length ? `, and ${apps.length - ids.length} more` : "")
  );
}
