import { expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import type { Source } from "../../src/core/source.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { newSqlite } from "../support/databases.ts";
import { respond } from "../support/faults.ts";
import { startServer } from "../support/http-server.ts";
import { syncSource } from "../support/sync-source.ts";

type Settings = Readonly<Record<string, unknown>>;

const sources: readonly [string, Source, Settings][] = [
  ["opik", opik, {}],
  ["countly", countly, { api_key: "0123456789abcdef", app_id: "*" }],
  ["wandb", wandb, { api_key: "0123456789abcdef", entity: "acme", project: "vision" }],
  [
    "wandb by REST",
    wandb,
    { api_key: "0123456789abcdef", entity: "acme", project: "vision", api: "rest" },
  ],
];

const page = respond("<!doctype html><html><title>Welcome</title></html>", {
  "content-type": "text/html",
});

test.each(sources)("%s: web pages in place of the API are a wrong base_url", async (...given) => {
  const [, source, settings] = given;
  await using server = await startServer(page);
  const config = { base_url: server.url, retry_attempts: 0, ...settings };
  const { signal } = new AbortController();
  const context = { log: newLog(() => undefined), transfer: newRequestStats(), signal };
  const checking = source.check(source.config.parse(config), context);
  const isRightError = (error: unknown): boolean =>
    error instanceof ConfigError && /got HTML;.* check .*base_url/.test(error.message);
  await expect(checking).rejects.toSatisfy(isRightError);
  const database = await newSqlite();
  const syncing = syncSource(source, { config, destination: database.url });
  await expect(syncing).rejects.toSatisfy(isRightError);
  await database.drop();
});
