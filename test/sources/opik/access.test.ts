import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { hostedLogin, OpikCopy, type EndedSync } from "../../support/opik-copy.ts";

/** What a caller who may not read the workspace sees, and does to the copy. */

const keyNamed = /401: .*; check opik\.COMET_OPIK_API_KEY/;

const membershipNamed =
  'the key may not read the workspace "team": it sees only what is public; check opik.COMET_OPIK_API_KEY and opik.COMET_OPIK_WORKSPACE, and that its owner is a member of the workspace';

/** Fills a workspace of which little is public. */
function fill(copy: OpikCopy): void {
  const { workspace } = copy.opik;
  for (let p = 0; p < 30; p += 1) workspace.addProject({ name: `project ${p}` });
  workspace.addProject({ name: "shared", visibility: "public" });
  for (let d = 0; d < 6; d += 1) copy.addDataset(`set ${d}`, 5);
  workspace.updateDataset(copy.addDataset("shared", 3).id, { visibility: "public" });
  copy.settle();
}

function expectKeyNamed({ exit, error }: EndedSync): void {
  expect(exit).toBe(2);
  expect(error).toMatch(keyNamed);
}

/** The number of rows that are not marked as deleted, by table. */
async function liveRows(copy: OpikCopy) {
  return {
    projects: (await copy.live("project_id", "opik_project")).length,
    datasets: (await copy.live("dataset_id", "opik_dataset")).length,
    items: (await copy.live()).length,
  };
}

const all = { projects: 31, datasets: 7, items: 33 };

describe.each(databases)("a hosted workspace, on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase, { login: hostedLogin });
    fill(copy);
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  test("a wrong key, or one that was revoked, ends with 2 and is named; nothing is marked", async () => {
    copy.opik.faults.keyRevoked = true;
    const check = await copy.run("check");
    expect(check.status).toBe(2);
    expect(check.stdout).toMatch(keyNamed);
    expect(check.stdout).toMatch(/^failed {2}login: /m);
    expectKeyNamed(await copy.sync());
    copy.opik.faults.keyRevoked = false;
    expect((await copy.run("check")).status).toBe(0);
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    expect(await liveRows(copy)).toEqual(all);
    copy.opik.faults.keyRevoked = true;
    for (const flags of [[], ["--full-refresh"], ["--allow-mass-deletion"]]) {
      const refused = await copy.run("sync", ...flags);
      expect(refused.status).toBe(2);
      expect(refused.stderr).toMatch(keyNamed);
      expect(await liveRows(copy)).toEqual(all);
    }
    copy.opik.faults.keyRevoked = false;
    expect(await copy.sync()).toMatchObject({ exit: 0, error: "" });
    expect(await liveRows(copy)).toEqual(all);
  });

  test.each(["tap", "sample"])("`%s` shows nothing to a key that was revoked", async (command) => {
    copy.opik.faults.keyRevoked = true;
    const ended = await copy.run(command);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toMatch(keyNamed);
    expect(ended.stdout).not.toMatch(/"RECORD"|shared/);
  });

  test.each(["/projects", "/datasets", "/items"])(
    "a key that expires when the sync asks for %s marks nothing",
    async (path) => {
      expect(await copy.sync()).toMatchObject({ exit: 0 });
      copy.opik.workspace.datasets[1]?.addItems([{ data: { input: "new" } }]);
      copy.opik.faults.onRequest = (request) => {
        copy.opik.faults.keyRevoked ||= request.path.endsWith(path);
      };
      expectKeyNamed(await copy.sync());
      expect(copy.opik.faults.keyRevoked).toBe(true);
      expect(await liveRows(copy)).toEqual(all);
      delete copy.opik.faults.onRequest;
      copy.opik.faults.keyRevoked = false;
      expect(await copy.sync()).toMatchObject({ exit: 0 });
      expect(await liveRows(copy)).toEqual({ ...all, items: 34 });
    },
  );

  test("a key that expires between the pages of a list or a dataset marks nothing", async () => {
    const config = { page_size: 2 };
    expect(await copy.sync(config)).toMatchObject({ exit: 0 });
    copy.opik.workspace.datasets[1]?.addItems([{ data: { input: "new" } }]);
    for (const answers of [1, 2, 3, 5, 8, 13, 20]) {
      let left = answers;
      copy.opik.faults.onAnswer = () => {
        copy.opik.faults.keyRevoked ||= --left <= 0;
      };
      expect(await copy.sync(config, { fullRefresh: true })).toMatchObject({ exit: 2 });
      expect(await copy.deleted()).toBe(0);
      expect(await liveRows(copy)).toMatchObject({ projects: 31, datasets: 7 });
      delete copy.opik.faults.onAnswer;
      copy.opik.faults.keyRevoked = false;
    }
    expect(await copy.sync(config)).toMatchObject({ exit: 0 });
    expect(await liveRows(copy)).toEqual({ ...all, items: 34 });
  });

  test("a key whose owner left the workspace ends with 2 and a word about membership", async () => {
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    copy.opik.faults.accessLost = 403;
    const check = await copy.run("check");
    expect(check.status).toBe(2);
    expect(check.stdout).toContain(`failed  login: ${membershipNamed}\n`);
    expect(await copy.sync()).toMatchObject({ exit: 2, error: membershipNamed });
    expect(await liveRows(copy)).toEqual(all);
  });

  test("a key that may not list feedback definitions is proven by the prompts", async () => {
    copy.opik.faults.endpointStatus = { "/feedback-definitions": 403 };
    expect((await copy.run("check")).status).toBe(0);
    copy.takeRequests();
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    expect(copy.takeRequests()).toContain("prompts");
    expect(await liveRows(copy)).toEqual(all);
    copy.opik.faults.endpointStatus = { "/feedback-definitions": 403, "/prompts": 403 };
    expect(await copy.sync()).toMatchObject({ exit: 2, error: membershipNamed });
    expect(await liveRows(copy)).toEqual(all);
  });

  test("a server that fails to answer the question for the login proves nothing", async () => {
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    copy.opik.workspace.deleteDataset(copy.opik.workspace.datasets[0]?.id ?? "");
    copy.opik.faults.endpointStatus = { "/feedback-definitions": 500 };
    expect(await copy.sync()).toMatchObject({ exit: 1 });
    expect(await liveRows(copy)).toEqual(all);
  });

  test("each sync asks twice, whatever the number of datasets", async () => {
    await copy.sync();
    copy.takeRequests();
    await copy.sync();
    const requests = copy.takeRequests();
    expect(requests.filter((path) => path === "feedback-definitions")).toHaveLength(2);
    expect(requests.filter((path) => path === "workspace-permissions")).toHaveLength(2);
    expect(requests.filter((path) => path === "prompts")).toEqual([]);
  });

  test("many datasets that are read at the same time share their proofs", async () => {
    for (let d = 0; d < 60; d += 1) copy.addDataset(`more ${d}`, 2);
    copy.opik.faults.latencyMs = 5;
    copy.takeRequests();
    expect(await copy.sync({ concurrency: 8 })).toMatchObject({ exit: 0 });
    const proofs = copy.takeRequests().filter((path) => path === "feedback-definitions");
    expect(proofs.length).toBeLessThan(30);
  });
});

describe.each(databases)("a gateway of the original shape, on %s", (_name, newDatabase) => {
  test.each([404, 405, 501] as const)("that answers %i has nothing to prove", async (status) => {
    await using copy = await OpikCopy.start(newDatabase, {
      login: hostedLogin,
      faults: { originalGateway: status, documentedShape: true },
    });
    fill(copy);
    expect((await copy.run("check")).status).toBe(0);
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    expect(await liveRows(copy)).toEqual(all);
    const [removed] = copy.opik.workspace.datasets;
    copy.opik.workspace.deleteDataset(removed?.id ?? "");
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    expect(await liveRows(copy)).toEqual({ ...all, datasets: 6, items: 30 });
    copy.opik.faults.keyRevoked = true;
    const check = await copy.run("check");
    expect(check.status).toBe(2);
    expect(check.stdout).toMatch(keyNamed);
    expectKeyNamed(await copy.sync());
    expect(await liveRows(copy)).toEqual({ ...all, datasets: 6, items: 30 });
  });
});

describe.each(databases)("a self-hosted server, on %s", (_name, newDatabase) => {
  test("hides nothing from anybody, and needs no key", async () => {
    await using copy = await OpikCopy.start(newDatabase);
    fill(copy);
    expect((await copy.run("check")).status).toBe(0);
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    expect(await liveRows(copy)).toEqual(all);
  });

  test("names the workspace if there is no such one", async () => {
    await using copy = await OpikCopy.start(newDatabase, {
      config: { COMET_OPIK_WORKSPACE: "team" },
    });
    const ended = await copy.sync();
    expect(ended.exit).toBe(2);
    expect(ended.error).toContain('check opik.COMET_OPIK_WORKSPACE ("team")');
  });
});
