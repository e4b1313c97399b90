import { ConfigError, TransientError } from "../../core/errors.ts";
import { Remembered } from "../../core/remembered.ts";
import type { Checkpoint, ReadOptions, SourceContext } from "../../core/source.ts";
import { failureOf } from "../../http/failure.ts";
import { allApps, listApps, stillListed, type App, type AppList } from "./app-list.ts";
import { copiesEveryApp, type CountlyConfig } from "./config.ts";
import { answersGet, newAsk, type Ask, type Login } from "./countly-client.ts";

/** The server, once it is known how it takes the key and what it speaks. */
export interface Server extends AppList {
  readonly ask: Ask;
  /** How it takes the key, for the next sync. */
  readonly login: Login;
  /** Throws where the server by now refuses what it gave at first: then a refusal is not about one thing, but about the key. */
  readonly confirm: () => Promise<void>;
}

/** What one sync knows of the server. */
export class CountlySession {
  readonly #config: CountlyConfig;
  readonly #context: SourceContext;
  readonly #servers = new Remembered<Server>();

  constructor(config: CountlyConfig, context: SourceContext) {
    this.#config = config;
    this.#context = context;
  }

  /** The server, asked first in the way that a stream's checkpoint remembers. Throws a TransientError where it shows no apps at all. */
  server(remembered?: Checkpoint): Promise<Server> {
    return this.#servers.get("", async () => {
      // That the key went into the URL is never taken up again: a server that takes a POST by now writes it into no log.
      const known = remembered?.["login"] === "token" ? "token" : "form";
      const server = await this.#found(known);
      if (server.apps.length > 0) return server;
      throw new TransientError(
        `${this.#config.base_url}: the server shows no apps; nothing is taken for deleted: check what the key may read, or whether the server's database is up, and run again`,
      );
    });
  }

  /** The apps that are copied. An app of the configuration that the server does not show is an error, unless an earlier sync had it. */
  selected({ apps, shape }: Server, { checkpoints }: Pick<ReadOptions, "checkpoints">): App[] {
    if (copiesEveryApp(this.#config)) return [...apps];
    const byId = new Map(apps.map((app) => [app.id, app]));
    return [...new Set(this.#config.app_id)].flatMap((id) => {
      const app = byId.get(id);
      if (app) return [app];
      // A gateway need not list what it gives out.
      if (shape === "original") return [{ id, text: undefined, administered: false }];
      if (checkpoints.has(id)) return [];
      throw new ConfigError(
        `countly.app_id: the server shows no app "${id}" to this key; it shows ${some(apps)}`,
      );
    });
  }

  async #found(known: Login): Promise<Server> {
    try {
      return await this.#through(known);
    } catch (error) {
      const next = await this.#otherLogin(known, error);
      if (next === undefined) throw error;
      try {
        return await this.#through(next);
      } catch (second) {
        // Where the key is no token either, the first answer is the one that says what is wrong.
        throw next === "token" && failureOf(second)?.kind === "status" ? error : second;
      }
    }
  }

  /** How else the key may be sent, by what the server said; undefined where it has read the key, or where that is not what is wrong. */
  async #otherLogin(login: Login, error: unknown): Promise<Login | undefined> {
    const { status = 0, message = "" } = failureOf(error) ?? {};
    if (login === "token") return isRefusal(status) ? "form" : undefined;
    if (/api_key/.test(message)) return "url";
    if (status === 401) return "token";
    const isElsewhere = [404, 405, 501].includes(status);
    return isElsewhere && (await answersGet(this.#config, this.#context, allApps))
      ? "url"
      : undefined;
  }

  async #through(login: Login): Promise<Server> {
    const ask = newAsk(this.#config, this.#context, login);
    const list = await listApps(ask);
    return { ...list, ask, login, confirm: () => stillListed(ask, list) };
  }
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

function some(apps: readonly App[]): string {
  const ids = apps.slice(0, 5).map(({ id }) => `"${id}"`);
  return (
    ids.join(", ") + (apps.length > ids.length ? `, and ${apps.length - ids.length} more` : "")
  );
}
