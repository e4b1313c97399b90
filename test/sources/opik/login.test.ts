import { describe, expect, test } from "vitest";
import { ConfigError, SourceError } from "../../../src/core/errors.ts";
import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import type { SourceContext } from "../../../src/core/source.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import { opikClient } from "../../../src/sources/opik/client.ts";
import { opikConfig } from "../../../src/sources/opik/config.ts";
import { opik } from "../../../src/sources/opik/source.ts";
import { newSqlite } from "../../support/databases.ts";
import { failing, respond } from "../../support/faults.ts";
import { startServer } from "../../support/http-server.ts";
import { syncOpik } from "../../support/sync-source.ts";

/** What the hosted service does with mistyped logins. */

const key = "opik-key-2f9c1e77";
const workspace = "mistyped-workspace";
const emptyPage = '{"page":1,"size":0,"total":0,"content":[]}';

interface TestContext extends SourceContext {
  readonly warnings: string[];
}

function newContext(): TestContext {
  const warnings: string[] = [];
  const log = newLog(({ level, message }) => {
    if (level === "warning") warnings.push(message);
  });
  return { log, transfer: newRequestStats(), signal: new AbortController().signal, warnings };
}

const configOf = (url: string, apiKey = key) =>
  opikConfig.parse({
    COMET_OPIK_API_KEY: apiKey,
    COMET_OPIK_WORKSPACE: workspace,
    base_url: url,
    retry_attempts: 0,
  });

/** How `check` ends against a server that answers every request like this. */
async function check(handler: RequestHandler): Promise<unknown> {
  await using server = await startServer(handler);
  return await opik.check(configOf(server.url), newContext()).catch((error: unknown) => error);
}

/** How a request ends against a server that answers like this. */
async function request(handler: RequestHandler): Promise<unknown> {
  await using server = await startServer(handler);
  const client = opikClient(configOf(server.url), newContext());
  return await client.getJson("v1/private/projects").catch((error: unknown) => error);
}

const unknownWorkspace = failing(
  400,
  {},
  {
    code: 400,
    message: `Workspace ${workspace} does not exist`,
  },
);

describe("a workspace that does not exist", () => {
  test("is named, with the key of the configuration, and the API key is not shown", async () => {
    const error = await check(unknownWorkspace);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(
      /: 400: Workspace mistyped-workspace does not exist; check opik\.COMET_OPIK_WORKSPACE \("mistyped-workspace"\)$/,
    );
    expect(String(error)).not.toContain(key);
  });

  test("ends a sync at its first request", async () => {
    await using server = await startServer(unknownWorkspace);
    const database = await newSqlite();
    const syncing = syncOpik(
      { url: server.url, destination: database.url },
      { COMET_OPIK_API_KEY: key, COMET_OPIK_WORKSPACE: workspace },
    );
    await expect(syncing).rejects.toThrow(ConfigError);
    await database.drop();
  });

  test.each(["Invalid filters query parameter", `the workspace ${workspace} exists, the page not`])(
    "is not what any other 400 says (%s)",
    async (message) => {
      expect(await request(failing(400, {}, { code: 400, message }))).toBeInstanceOf(SourceError);
    },
  );
});

test("an API key in a message of the service is masked, the workspace is not", async () => {
  const error = await request(failing(403, {}, { code: 403, message: `${key} in ${workspace}` }));
  expect(String(error)).toContain(`403: *** in ${workspace};`);
});

describe("a key typed as `Bearer KEY`", () => {
  test.each([`Bearer ${key}`, `bearer  ${key}`])("is sent alone (%s)", async (typed) => {
    await using server = await startServer(respond(emptyPage));
    await opikClient(configOf(server.url, typed), newContext()).getJson("v1/private/projects");
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([key]);
  });

  test("is told once in a sync, and again in the next", () => {
    const config = configOf("http://localhost", `Bearer ${key}`);
    for (const context of [newContext(), newContext()]) {
      for (let clients = 0; clients < 3; clients += 1) opikClient(config, context);
      expect(context.warnings).toEqual([
        'opik.COMET_OPIK_API_KEY: expected the key alone; the word "Bearer" before it is left out',
      ]);
    }
  });

  test("is told by `check` and by a sync", async () => {
    await using server = await startServer(respond(emptyPage));
    const config = configOf(server.url, `Bearer ${key}`);
    const checking = newContext();
    await opik.check(config, checking).catch(() => undefined);
    const syncing = newContext();
    opik.streams(config, syncing);
    expect([checking.warnings, syncing.warnings]).toEqual([
      [expect.stringContaining('"Bearer"')],
      [expect.stringContaining('"Bearer"')],
    ]);
  });

  test("is not told of a key alone, even if it begins like that word", () => {
    const context = newContext();
    opikClient(configOf("http://localhost", key), context);
    opikClient(configOf("http://localhost", "bearer-like-key"), context);
    expect(context.warnings).toEqual([]);
  });
});
