import { ConfigError, TransientError } from "../../../core/errors.ts";
import { AsyncMemo } from "../../../core/async-memo.ts";
import type { Checkpoint, ReadOptions, SourceContext } from "../../../core/source.ts";
import { statusOf } from "../../../http/http-error.ts";
import { listApps, confirmAccess, type App, type AppList } from "./app-list.ts";
import { copiesEveryApp, type CountlyConfig } from "../client/config.ts";
import { newSendRequest, type SendRequest, type KeyLocation } from "../client/countly-client.ts";
import { expectsKeyInUrl } from "./detect-key-location.ts";

/** The server, once it is known how it takes the key and what it speaks. */
export interface CountlyServer extends AppList {
  readonly send: SendRequest;
  /** How it takes the key, for the next sync. */
  readonly keyLocation: KeyLocation;
  /** Throws where the server by now refuses what it gave at first: then a refusal is not about one thing, but about the key. */
  readonly confirmAccess: () => Promise<void>;
}

/** What one sync knows of the server. */
export class CountlyLogin {
  readonly #config: CountlyConfig;
  readonly #context: SourceContext;
  readonly #server = new AsyncMemo<CountlyServer>();

  constructor(config: CountlyConfig, context: SourceContext) {
    this.#config = config;
    this.#context = context;
  }

  /** The server, asked first in the way that a stream's checkpoint remembers. Throws a TransientError where it shows no apps at all. */
  connect(remembered?: Checkpoint): Promise<CountlyServer> {
    return this.#server.get("", async () => {
      // That the key went into the URL is never taken up again: a server that takes a POST by now writes it into no log.
      const known = remembered?.["login"];
      const server = await this.#detect(known === "token" || known === "form" ? known : undefined);
      if (server.apps.length > 0) return server;
      throw new TransientError(
        `${this.#config.base_url}: the server shows no apps; nothing is taken for deleted: check what the key may read, or whether the server's database is up, and run again`,
      );
    });
  }

  /** The apps that are copied. An app of the configuration that the server does not show is an error, unless an earlier sync had it. */
  selectApps(
    { apps, shape }: CountlyServer,
    { checkpoints }: Pick<ReadOptions, "checkpoints">,
  ): App[] {
    if (copiesEveryApp(this.#config)) return [...apps];
    const byId = new Map(apps.map((app) => [app.id, app]));
    return [...new Set(this.#config.app_id)].flatMap((id) => {
      const app = byId.get(id);
      if (app) return [app];
      // A gateway need not list what it gives out.
      if (shape === "original") return [{ id, text: undefined, administered: false }];
      if (checkpoints.has(id)) return [];
      throw new ConfigError(
        `countly.app_id: the server shows no app "${id}" to this key; it shows ${sampleIds(apps)}`,
      );
    });
  }

  /** The server by the way that it took the key before, if that is known, else by the one that it turns out to take. */
  async #detect(known: "form" | "token" | undefined): Promise<CountlyServer> {
    const asBefore = known === "token" ? await this.#tryToken() : undefined;
    if (asBefore) return asBefore;
    try {
      return await this.#connectWith("form");
    } catch (error) {
      const mayBeToken = statusOf(error) === 401 && known !== "token";
      const server = mayBeToken ? await this.#tryToken() : undefined;
      if (server) return server;
      const wasTaken = known !== undefined;
      const question = { config: this.#config, context: this.#context, wasTaken };
      if (await expectsKeyInUrl(error, question)) return await this.#connectWith("url");
      throw error;
    }
  }

  /** Undefined where the key is no token. */
  async #tryToken(): Promise<CountlyServer | undefined> {
    try {
      return await this.#connectWith("token");
    } catch (error) {
      if (isRefusal(statusOf(error) ?? 0)) return undefined;
      throw error;
    }
  }

  async #connectWith(login: KeyLocation): Promise<CountlyServer> {
    const ask = newSendRequest(this.#config, this.#context, login);
    const list = await listApps(ask);
    return {
      ...list,
      send: ask,
      keyLocation: login,
      confirmAccess: () => confirmAccess(ask, list),
    };
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
