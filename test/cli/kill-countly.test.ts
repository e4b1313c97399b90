import { describe, expect, test } from "vitest";
import { CountlyWorkspace } from "../../src/emulators/countly/workspace.ts";
import { startCountly } from "../support/countly.ts";
import { databases } from "../support/databases.ts";
import { killWhen } from "../support/kill-when.ts";
import { newTestRandom, testSeed } from "../support/test-seed.ts";
import { newFolder, run, start } from "../support/program.ts";
import { expectedRows, userIds, storedRows } from "../sources/countly/expected-rows.ts";

/** Few, because `npm run chaos` kills hundreds of times. */
const kills = 4;

/** Kills happen below this number of requests: a full sync sends about 260, so most are killed. */
const requests = 160;

function filled(): CountlyWorkspace {
  const workspace = new CountlyWorkspace();
  for (let n = 0; n < 8; n += 1) workspace.addApp({ users: 100 + n * 50 });
  return workspace;
}

/** Changes the server between two syncs. */
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
    `after ${kills} kills at random requests, countly-sync ends with the rows of the server (seed ${testSeed})`,
    { timeout: 300_000 },
    async () => {
      const random = newTestRandom();
      const workspace = filled();
      let requestCount = 0;
      await using countly = await startCountly({
        workspace,
        faults: { latencyMs: 30 },
        intercept: (service) => (request, response) => {
          requestCount += 1;
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
        // Until a kill has left some users to resume.
        for (let killed = 0; killed < kills || resumed === 0;) {
          const limit = requestCount + random.between(0, requests - 1);
          const { signal, status, stderr } = await killWhen(
            start("countly-sync", arguments_, { cwd: folder.path }),
            () => requestCount > limit,
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
