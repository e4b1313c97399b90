import { describe, expect, test } from "vitest";
import { CountlyWorkspace } from "../../src/emulators/countly/workspace.ts";
import { startCountly } from "../support/countly.ts";
import { databases } from "../support/databases.ts";
import { killWhen } from "../support/kill-when.ts";
import { seededRandom, testSeed } from "../support/test-seed.ts";
import { newFolder, run, start } from "../support/program.ts";
import { expectedRows, userIds, storedRows } from "../sources/countly/expected-rows.ts";

/** Enough for each run of the tests; `npm run chaos` kills hundreds of times. */
const kills = 4;

/** Some 260 are sent by a sync that reads everything, so that most are killed. */
const requests = 160;

function filled(): CountlyWorkspace {
  const workspace = new CountlyWorkspace();
  for (let n = 0; n < 8; n += 1) workspace.addApp({ users: 100 + n * 50 });
  return workspace;
}

/** What happens to a server between two syncs. */
function change(workspace: CountlyWorkspace): void {
  for (const app of workspace.apps) {
    const [first = "", second = "", third = ""] = userIds(app);
    app.addUser({ name: "late" });
    app.updateUser(first, { gender: "F" });
    app.updateUser(second, { gender: "M" }, { silently: true });
    app.deleteUser(third);
  }
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  test(
    `killed ${kills} times after any number of requests, countly-sync ends with what the server holds (seed ${testSeed})`,
    { timeout: 300_000 },
    async () => {
      const random = seededRandom();
      const workspace = filled();
      let asked = 0;
      await using countly = await startCountly({
        workspace,
        faults: { latencyMs: 30 },
        intercept: (service) => (request, response) => {
          asked += 1;
          return service(request, response);
        },
      });
      await using folder = await newFolder({
        "configuration.json": {
          ...{ base_url: countly.url, api_key: countly.apiKey, app_id: "*" },
          ...{ max_records_per_page: 10, concurrency: 2 },
        },
      });
      const database = await newDatabase();
      const arguments_ = ["--quiet", "--log-level", "warning", "--destination", database.url];
      try {
        let resumed = 0;
        // Goes on until a kill has left a part of the users to be resumed.
        for (let killed = 0; killed < kills || resumed === 0;) {
          const until = asked + random.between(0, requests - 1);
          const { signal, status, stderr } = await killWhen(
            start("countly-sync", arguments_, { cwd: folder.path }),
            () => asked > until,
          );
          const open = await database
            .query(
              "SELECT count(*) AS n FROM _rivulet_state WHERE stream = 'users' AND checkpoint LIKE '%below%'",
            )
            .catch(() => []);
          if (Number(open[0]?.["n"]) > 0) resumed += 1;
          if (signal === "SIGKILL") killed += 1;
          else {
            expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            change(workspace);
            await database.query(
              "UPDATE _rivulet_state SET checkpoint = '{}' WHERE stream = 'users' AND partition <> ''",
            );
          }
        }
        const last = await run("countly-sync", arguments_, { cwd: folder.path });
        expect(last).toMatchObject({ status: 0, stderr: "" });
        expect(await storedRows(database)).toEqual(expectedRows(workspace, "community"));
      } finally {
        await database.drop();
      }
    },
  );
});
