import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { startOpik, type Opik } from "../../support/opik.ts";
import { opikClient } from "./client.ts";

const login = { apiKey: "secret", workspace: "team" };
const rightKey = { authorization: "secret", "comet-workspace": "team" };
const wrongKey = { ...rightKey, authorization: "expired" };

const notPublic = [
  "/feedback-definitions",
  "/prompts",
  "/auth/workspace",
  "/workspace-permissions",
] as const;

describe("a hosted server", () => {
  let opik: Opik;
  let hidden: OpikDataset;
  let shared: OpikDataset;

  beforeEach(async () => {
    opik = await startOpik({ login });
    opik.workspace.addProject({ name: "own" });
    opik.workspace.addProject({ name: "shown", visibility: "public" });
    hidden = opik.workspace.addDataset({ name: "own" });
    shared = opik.workspace.addDataset({ name: "shown", visibility: "public" });
    for (const dataset of [hidden, shared]) dataset.addItems([{ data: 1 }]);
  });

  afterEach(async () => {
    await opik[Symbol.asyncDispose]();
  });

  test("shows everything to the right key", async () => {
    const client = opikClient(opik, rightKey);

    expect(await client.names("/projects")).toEqual(["shown", "own"]);
    expect(await client.names("/datasets")).toEqual(["shown", "own"]);
    for (const path of notPublic) expect(await client.status(path)).toBe(200);
    expect(await client.status("/auth", { body: {} })).toBe(204);
    expect(await client.json("/auth/workspace")).toEqual({ workspace_name: "team" });
  });

  describe.each([
    ["a wrong key", wrongKey, {}],
    ["a key with Bearer", { ...rightKey, authorization: "Bearer secret" }, {}],
    ["no key", { "comet-workspace": "team" }, {}],
    ["a revoked key", rightKey, { keyRevoked: true }],
    ["the key of somebody who left", rightKey, { accessLost: 401 }],
  ] as const)("shows to %s", (_, headers, faults) => {
    beforeEach(() => Object.assign(opik.faults, faults));

    test("public rows with 200", async () => {
      const client = opikClient(opik, headers);

      expect(await client.names("/projects")).toEqual(["shown"]);
      expect(await client.names("/datasets")).toEqual(["shown"]);
      expect((await client.items(shared.id)).total).toBe(1);
      expect(await client.stream({ dataset_name: "shown" })).toHaveLength(1);
      expect(await client.status(`/datasets/${shared.id}`)).toBe(200);
      expect(await client.status("/datasets/retrieve", { body: { dataset_name: "shown" } })).toBe(
        200,
      );
    });

    test("nothing of what is not public", async () => {
      const client = opikClient(opik, headers);

      expect((await client.items(hidden.id)).total).toBe(0);
      expect(await client.stream({ dataset_name: "own" })).toEqual([]);
      expect(await client.status(`/datasets/${hidden.id}`)).toBe(404);
      expect(await client.status("/datasets/retrieve", { body: { dataset_name: "own" } })).toBe(
        404,
      );
    });

    test("401 at all other endpoints", async () => {
      const client = opikClient(opik, headers);
      const paths = [...notPublic, `/datasets/${shared.id}/versions`];

      for (const path of paths) expect(await client.status(path)).toBe(401);
      expect(await client.status("/auth", { body: {} })).toBe(401);
      expect(await client.status("/projects/retrieve", { body: { name: "shown" } })).toBe(401);
    });
  });

  test("answers 403 without a workspace, 400 for an unknown one", async () => {
    const { authorization } = rightKey;
    const unknown = { "comet-workspace": "teem" };

    expect(await opikClient(opik, { authorization }).status("/projects")).toBe(403);
    expect(await opikClient(opik, { authorization, ...unknown }).json("/projects")).toEqual({
      code: 400,
      message: "Workspace teem does not exist",
    });
    expect(await opikClient(opik, unknown).status("/projects")).toBe(400);
    expect(await opikClient(opik, unknown).status("/prompts")).toBe(401);
  });

  test("takes the workspace from the query, too", async () => {
    const client = opikClient(opik, { authorization: "secret" });

    expect(await client.names("/projects?workspace_name=team")).toEqual(["shown", "own"]);
  });

  test("never shows public rows of the workspace `default`", async () => {
    const workspace = { "comet-workspace": "default" };

    expect(await opikClient(opik, { ...wrongKey, ...workspace }).status("/projects")).toBe(401);
    expect(await opikClient(opik, { ...rightKey, ...workspace }).status("/projects")).toBe(200);
  });

  test("with accessLost 403 has no public rows for the other endpoints", async () => {
    opik.faults.accessLost = 403;

    expect(await opikClient(opik, rightKey).status("/feedback-definitions")).toBe(403);
    expect(await opikClient(opik, rightKey).names("/projects")).toEqual(["shown"]);
  });

  test("can lose the key between two answers", async () => {
    const client = opikClient(opik, rightKey);
    opik.faults.onAnswer = ({ path }) => {
      if (path === "/v1/private/projects") opik.faults.keyRevoked = true;
    };

    expect(await client.names("/projects")).toEqual(["shown", "own"]);
    expect(await client.names("/datasets")).toEqual(["shown"]);
  });

  test("with endpointStatus refuses one endpoint", async () => {
    const client = opikClient(opik, rightKey);
    opik.faults.endpointStatus = { "/feedback-definitions": 403, "/workspace-permissions": 404 };

    expect(await client.status("/feedback-definitions?size=1")).toBe(403);
    expect(await client.status("/workspace-permissions")).toBe(404);
    expect(await client.status("/prompts?size=1")).toBe(200);
  });

  test.each([404, 405, 501] as const)(
    "with originalGateway has only projects, datasets and items, else %i",
    async (status) => {
      opik.faults.originalGateway = status;
      const client = opikClient(opik, rightKey);
      const known = ["/projects", "/datasets", `/datasets/${hidden.id}/items`];
      const unknown = [...notPublic, `/datasets/${hidden.id}`, `/datasets/${hidden.id}/versions`];

      for (const path of known) expect(await client.status(path)).toBe(200);
      for (const path of unknown) expect(await client.status(path)).toBe(status);
      expect((await fetch(`${opik.url}/is-alive/ver`)).status).toBe(status);
      expect(await opikClient(opik, wrongKey).status("/projects")).toBe(401);
    },
  );
});

describe("a self-hosted server", () => {
  test("needs no key and shows everything", async () => {
    await using opik = await startOpik();
    opik.workspace.addProject({ name: "own" });

    for (const path of notPublic) expect(await opikClient(opik).status(path)).toBe(200);
    expect(await opikClient(opik).status("/auth", { body: {} })).toBe(204);
    expect(await opikClient(opik, wrongKeyOnly).names("/projects")).toEqual(["own"]);
  });

  test("has only the workspace `default`, and looks for it only in the header", async () => {
    await using opik = await startOpik();
    const client = (name: string) => opikClient(opik, { "comet-workspace": name });

    expect(await client("default").status("/projects")).toBe(200);
    expect(await client("team").json("/projects")).toEqual({
      code: 404,
      message: "Workspace not found",
    });
    expect(await opikClient(opik).status("/projects?workspace_name=team")).toBe(200);
  });
});

const wrongKeyOnly = { authorization: "anything" };
