import { describe, expect, test } from "vitest";
import { CountlyWorkspace } from "../../src/emulators/countly/workspace.ts";
import { startCountly } from "../support/countly.ts";
import { databases } from "../support/databases.ts";
import { logLines, newFolder, run } from "../support/program.ts";

const apps = 20;
const users = 1000;

function large(): CountlyWorkspace {
  const workspace = new CountlyWorkspace();
  for (let n = 0; n < apps; n += 1) workspace.addApp({ users });
  return workspace;
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  test(`${apps} apps with ${users} users each arrive, and a second sync requests only changes`, async () => {
    const workspace = large();
    await using countly = await startCountly({ workspace });
    await using folder = await newFolder({
      // As Fivetran sends it: strings only, without a section.
      "configuration.json": {
        ...{ base_url: countly.url, api_key: countly.apiKey, app_id: "*" },
        ...{ max_records_per_page: "1000", enable_users_sync: "true", lookback_minutes: "0" },
      },
    });
    const database = await newDatabase();
    try {
      const sync = () => run("countly-sync", ["--destination", database.url], { cwd: folder.path });
      const first = await sync();
      expect(first).toMatchObject({ status: 0 });
      const messages = logLines(first).map(({ message }) => message);
      expect(messages).toContainEqual(expect.stringMatching(/^groups: .*Countly Enterprise/));
      const [all] = await database.query("SELECT count(*) AS n FROM users WHERE NOT _deleted");
      expect(Number(all?.["n"])).toBe(apps * users);

      const before = countly.requests.length;
      workspace.apps[3]?.addUser({ name: "late" });
      expect(await sync()).toMatchObject({ status: 0 });
      const requests = countly.requests.slice(before);
      // The list of apps, the groups, and the details of each app. For each app, new users and the
      // proof that there are no more. For the changed app, also the last user again and another
      // proof, because a truncated page may look like the end.
      expect(requests.length).toBeLessThanOrEqual(2 + apps + 2 * apps + 2);
      const queries = requests.flatMap(({ params }) => params["query"] ?? []);
      expect(queries.filter((query) => !query.includes("$gte"))).toEqual([]);
      const [late] = await database.query("SELECT count(*) AS n FROM users WHERE name = 'late'");
      expect(Number(late?.["n"])).toBe(1);
    } finally {
      await database.drop();
    }
  }, 120_000);
});

test("ends with 2 if the server lacks the configured groups or the key is wrong, and never prints the key", async () => {
  const workspace = new CountlyWorkspace();
  workspace.addApp({ users: 3 });
  await using countly = await startCountly({ workspace });
  const key = "0123456789abcdef0123456789abcdef";
  const settings = { base_url: countly.url, app_id: "*" };
  await using folder = await newFolder({
    "groups.json": { countly: { ...settings, api_key: countly.apiKey, enable_groups_sync: true } },
    "wrong.json": { countly: { ...settings, api_key: key } },
  });
  const options = { cwd: folder.path };
  const groups = await run(
    "countly-sync",
    ["--config", "groups.json", "--log-level", "debug"],
    options,
  );
  expect(groups).toMatchObject({ status: 2 });
  expect(groups.stderr).toMatch(/Countly Enterprise.*enable_groups_sync/);
  const wrong = await run("countly-sync", ["check", "--config", "wrong.json"], options);
  expect(wrong).toMatchObject({ status: 2 });
  expect(wrong.stdout).toMatch(/failed {2}login: .*User does not exist; check countly\.api_key/);
  for (const { stdout, stderr } of [groups, wrong]) {
    expect(stdout + stderr).not.toContain(countly.apiKey);
    expect(stdout + stderr).not.toContain(key);
  }
});

test("works with environment variables instead of a configuration file", async () => {
  const workspace = new CountlyWorkspace();
  workspace.addApp({ users: 3 });
  await using countly = await startCountly({ workspace });
  await using folder = await newFolder();
  const env = { COUNTLY_API_KEY: countly.apiKey, COUNTLY_APP_ID: "*", COUNTLY_URL: countly.url };
  const { status, stdout } = await run("countly-sync", [], { cwd: folder.path, env });
  expect(status).toBe(0);
  expect(stdout).toMatch(/users +3 /);
  expect(await run("countly-sync", ["verify"], { cwd: folder.path, env })).toMatchObject({
    status: 0,
  });
});
