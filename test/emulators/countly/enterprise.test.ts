import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient, didsOf } from "./client.ts";

let countly: Countly;
let client: ReturnType<typeof countlyClient>;

beforeEach(async () => {
  countly = await startCountly({ edition: "enterprise" });
  client = countlyClient(countly);
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

describe("groups", () => {
  test("come all at once, escaped, and only to a global administrator", async () => {
    const group = countly.workspace.addGroup({ name: "R & D", matched_users_count: 2 });
    const { apiKey: api_key } = countly.workspace.addMember();

    expect(await client.json("/o/groups")).toEqual({
      result: [
        {
          _id: group.id,
          name: "R &amp; D",
          groupID: [group.id],
          global_admin: false,
          permission: {},
          users: [],
          matched_users_count: 2,
        },
      ],
    });
    expect((await client.post("/o/groups", { api_key })).status).toBe(401);
  });

  test("can be changed and deleted", async () => {
    const { id } = countly.workspace.addGroup({ name: "old" });
    countly.workspace.updateGroup(id, { name: "new" });

    expect(await client.json("/o/groups")).toMatchObject({ result: [{ _id: id, name: "new" }] });
    countly.workspace.deleteGroup(id);
    expect(await client.json("/o/groups")).toEqual({ result: [] });
  });
});

describe("user details", () => {
  test("are listed in pages, with the count of all and of the matching users", async () => {
    const app = countly.workspace.addApp({ users: 30 });
    const query = JSON.stringify({ sc: { $lte: 12 } });

    const { aaData, ...counts } = await client.details(app, { query });
    expect(aaData).toHaveLength(10);
    expect(counts).toEqual({ iTotalRecords: 30, iTotalDisplayRecords: 12 });
    const last = { query, iDisplayStart: "10", iDisplayLength: "10" };
    expect((await client.details(app, last)).aaData).toHaveLength(2);
  });

  test("shift between pages when a user is deleted meanwhile, so that another one is missed", async () => {
    const app = countly.workspace.addApp({ users: 6 });
    const first = await client.details(app, { iDisplayLength: "3" });
    app.deleteUser(String(first.aaData[0]?.["_id"]));
    const second = await client.details(app, { iDisplayStart: "3", iDisplayLength: "3" });

    expect(didsOf([...first.aaData, ...second.aaData])).not.toContain("device-4");
  });

  test("with a uid or did are that user", async () => {
    const app = countly.workspace.addApp();
    const uid = "1z";
    app.addUser({ did: "one", uid });
    const params = { method: "user_details", app_id: app.id };

    expect(await client.json("/o", { ...params, did: "one" })).toMatchObject({ did: "one", uid });
    expect(await client.json("/o", { ...params, uid })).toMatchObject({ did: "one" });
  });

  test("may have only some members, with userDetailsMembers", async () => {
    const app = countly.workspace.addApp({ users: 1 });
    countly.faults.userDetailsMembers = ["uid", "sc"];

    const { aaData } = await client.details(app);
    expect(Object.keys(aaData[0] ?? {})).toEqual(["_id", "uid", "sc"]);
  });

  test("reject a query that the database rejects, and are no method without the plugin", async () => {
    const params = { method: "user_details", app_id: countly.workspace.addApp().id };

    expect(await client.statusAndBody("/o", { ...params, query: `{"$a":1}` })).toEqual([
      400,
      { result: "Error. Please check logs." },
    ]);
    countly.faults.missingFeatures = ["users"];
    expect(await client.statusAndBody("/o", params)).toEqual([400, { result: "Invalid method" }]);
  });
});

describe("a task", () => {
  const begin = async (): Promise<{ app_id: string; task_id: string }> => {
    const app = countly.workspace.addApp({ users: 1 });
    app.addUser({ did: "a & b" });
    const app_id = app.id;
    const { task_id } = await client.record("/o", { method: "user_details", app_id });
    return { app_id, task_id: String(task_id) };
  };

  test("replaces a slow list, runs for a while, and has the list as JSON text, escaped once", async () => {
    countly.faults.task = { polls: 2 };
    const params = await begin();

    expect(await client.json("/o/tasks/check", params)).toEqual({ result: "running" });
    expect(await client.json("/o/tasks/task", params)).toMatchObject({ status: "running" });
    expect(await client.json("/o/tasks/check", params)).toEqual({ result: "completed" });
    const task = await client.record("/o/tasks/task", params);
    expect(task).toMatchObject({ status: "completed", hasData: true, errormsg: "" });
    expect(JSON.parse(String(task["data"]))).toMatchObject({
      iTotalRecords: 2,
      aaData: [{ did: "device-1" }, { did: "a &amp; b" }],
    });
  });

  test("may fail", async () => {
    countly.faults.task = { polls: 0, fails: true };
    const params = await begin();

    expect(await client.json("/o/tasks/task", params)).toMatchObject({
      status: "errored",
      errormsg: "cursor killed",
    });
  });

  test("that was never started is rejected", async () => {
    const { id: app_id } = countly.workspace.addApp();

    expect(await client.statusAndBody("/o/tasks/task", { app_id, task_id: "x" })).toEqual([
      400,
      { result: "Task does not exist" },
    ]);
    expect(await client.statusAndBody("/o/tasks/check", { app_id })).toEqual([
      400,
      { result: 'Missing parameter "task_id"' },
    ]);
  });
});
