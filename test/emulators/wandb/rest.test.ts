import { beforeEach, describe, expect, test } from "vitest";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { Wandb } from "../../support/wandb.ts";
import { anyText, basic, type EmulatorClient, record, useEmulator } from "./graphql-client.ts";

let wandb: Wandb;
let project: WandbProject;
let client: EmulatorClient;

useEmulator((started) => {
  ({ wandb, project, client } = started);
});

describe("REST", () => {
  const bearer = (): Record<string, string> => ({ authorization: `Bearer ${wandb.apiKey}` });
  const get = async (url: string): Promise<Record<string, unknown>> =>
    record(await (await fetch(new URL(url, wandb.url), { headers: bearer() })).json());
  const runsUrl = "/projects/acme/vision/runs?perPage=2";

  beforeEach(() => {
    wandb.faults.rest = {};
  });

  test("does not exist by default", async () => {
    delete wandb.faults.rest;

    expect((await fetch(wandb.url + runsUrl, { headers: bearer() })).status).toBe(404);
  });

  test("may replace GraphQL", async () => {
    wandb.faults.rest = { graphql: 405 };

    expect((await client.statusAndBody("{ viewer { id } }"))[0]).toBe(405);
    expect((await fetch(wandb.url + runsUrl, { headers: bearer() })).status).toBe(200);
  });

  test("takes the key with Bearer", async () => {
    expect(
      (await fetch(wandb.url + runsUrl, { headers: { authorization: basic(wandb.apiKey) } }))
        .status,
    ).toBe(401);
  });

  test("lists runs in pages linked by nextUrl", async () => {
    project.addRun({
      name: "a",
      config: { lr: 0.1, nan: NaN },
      summary: { acc: 1 },
      tags: ["t"],
      user: null,
    });
    for (const name of ["b", "c"]) project.addRun({ name });

    const first = await get(runsUrl);
    const second = await get(String(first["nextUrl"]));

    expect(first).toMatchObject({
      runs: [
        {
          id: "a",
          displayName: "run-1",
          state: "running",
          user: null,
          notes: null,
          tags: ["t"],
          config: { lr: 0.1, nan: null },
          summaryMetrics: { acc: 1 },
        },
        {
          id: "b",
          user: { username: "ada" },
          createdAt: anyText,
          updatedAt: anyText,
        },
      ],
    });
    expect(String(first["nextUrl"]).startsWith(wandb.url + runsUrl)).toBe(true);
    expect(second).toMatchObject({ runs: [{ id: "c" }], nextUrl: null });
  });

  test("sends a relative nextUrl, or one on another origin", async () => {
    for (const name of ["a", "b", "c"]) project.addRun({ name });
    wandb.faults.rest = { nextUrl: "relative" };
    const relative = await get(runsUrl);
    wandb.faults.rest = { nextUrl: { origin: "https://elsewhere.example" } };
    const elsewhere = await get(runsUrl);

    expect(relative["nextUrl"]).toMatch(/^\/projects\/acme\/vision\/runs\?perPage=2&cursor=/);
    expect(elsewhere["nextUrl"]).toMatch(/^https:\/\/elsewhere\.example\/projects\//);
    expect(await get(String(relative["nextUrl"]))).toMatchObject({ runs: [{ id: "c" }] });
  });

  test("sends a history in full or in pages", async () => {
    const run = project.addRun({ name: "a" });
    for (const loss of [1, NaN, 3]) run.log({ loss });
    const url = "/runs/acme/vision/a/history";
    const whole = await get(url);
    wandb.faults.rest = { historyPage: 2 };
    const first = await get(url);

    expect(whole).toMatchObject({ history: [{ _step: 0, loss: 1 }, { loss: null }, { loss: 3 }] });
    expect(whole).not.toHaveProperty("nextUrl");
    expect(first["history"]).toHaveLength(2);
    expect(await get(String(first["nextUrl"]))).toEqual({
      history: [expect.objectContaining({ _step: 2 })],
    });
  });

  test("leaves NaN bare with bareNonFinite", async () => {
    project.addRun({ name: "a" }).log({ loss: NaN });
    wandb.faults.rest = { bareNonFinite: true };

    const response = await fetch(`${wandb.url}/runs/acme/vision/a/history`, { headers: bearer() });

    expect(await response.text()).toContain('"loss":NaN');
  });

  test("answers 500 for the history in brokenHistory", async () => {
    project.addRun({ name: "a" });
    wandb.faults.brokenHistory = { run: "a" };
    const response = await fetch(`${wandb.url}/runs/acme/vision/a/history`, { headers: bearer() });

    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: "Error: failed to read the history of a" });
  });

  test("answers 404 for unknown projects, runs and paths", async () => {
    project.addRun({ name: "a" });
    const status = async (url: string) =>
      (await fetch(wandb.url + url, { headers: bearer() })).status;

    expect(
      await Promise.all(
        [
          "/projects/acme/nowhere/runs",
          "/projects/other/vision/runs",
          "/runs/acme/vision/b/history",
          "/runs/acme/vision/a",
        ].map(status),
      ),
    ).toEqual([404, 404, 404, 404]);
  });
});
