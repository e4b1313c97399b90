import { describe, expect, test } from "vitest";
import type { Opik } from "../../support/opik.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { dataOf, useEmulator, type EmulatorClient } from "./client.ts";

let opik: Opik;
let client: EmulatorClient;

useEmulator((started) => {
  ({ opik, client } = started);
});

describe("single objects", () => {
  test("are found by id", async () => {
    const project = opik.workspace.addProject({ name: "p" });
    const dataset = opik.workspace.addDataset({ name: "d" });
    const [item = ""] = dataset.addItems([{ data: 1 }]);

    expect(await client.json(`/projects/${project.id}`)).toMatchObject({ name: "p" });
    expect(await client.json(`/datasets/${dataset.id}`)).toMatchObject({ name: "d" });
    expect(await client.json(`/datasets/items/${item}`)).toMatchObject({ id: item, data: 1 });
  });

  test("are found by name", async () => {
    const project = opik.workspace.addProject({ name: "p" });
    const { id } = opik.workspace.addDataset({ name: "d", project_id: project.id });
    const dataset = (body: object) => client.json("/datasets/retrieve", { body });
    const byName = (name: string) => client.json("/projects/retrieve", { body: { name } });

    expect(await dataset({ dataset_name: "d", project_name: "p" })).toMatchObject({ id });
    expect(await dataset({ dataset_name: "d", project_name: "elsewhere" })).toMatchObject({ id });
    expect(await dataset({ dataset_name: "nobody" })).toMatchObject({ code: 404 });
    expect(await byName("p")).toMatchObject({ id: project.id });
    expect(await byName("nobody")).toMatchObject({ code: 404 });
  });
});

describe("filters", () => {
  const filtered = async (...filters: readonly object[]) => {
    const { id } = opik.workspace.datasets[0] ?? { id: "" };
    const text = JSON.stringify(filters);
    const pages = await client.items(id, `filters=${encodeURIComponent(text)}`);
    const streamed = await client.stream({ dataset_name: "d", filters: text });
    expect(dataOf(streamed)).toEqual(dataOf(pages.content));
    return dataOf(pages.content);
  };

  test("compare tags and members of the data", async () => {
    const raw = new RawJson('{"topic":"raw"}');
    opik.workspace
      .addDataset({ name: "d" })
      .addItems([
        { data: { topic: "rain" }, tags: ["red", "blue"] },
        { data: { topic: "sun" } },
        { data: raw },
      ]);
    const topic = { field: "data", key: "topic" };

    expect(await filtered({ field: "tags", operator: "contains", value: "blue" })).toEqual([
      { topic: "rain" },
    ]);
    expect(await filtered({ field: "tags", operator: "not_contains", value: "red" })).toEqual([
      { topic: "raw" },
      { topic: "sun" },
    ]);
    expect(await filtered({ ...topic, operator: "=", value: "sun" })).toEqual([{ topic: "sun" }]);
    expect(await filtered({ ...topic, operator: "starts_with", value: "RA" })).toEqual([
      { topic: "raw" },
      { topic: "rain" },
    ]);
    expect(await filtered({ field: "data.topic", operator: "=", value: "raw" })).toHaveLength(1);
  });

  test("reject an unknown field", async () => {
    const { id } = opik.workspace.addDataset({ name: "d" });
    const filters = encodeURIComponent('[{"field":"colour","operator":"=","value":"x"}]');

    expect(await client.status(`/datasets/${id}/items?filters=${filters}`)).toBe(400);
  });
});

test("in `name`, % and _ are wild", async () => {
  for (const name of ["a_b", "axb", "50%", "50 of 100", "."]) opik.workspace.addDataset({ name });

  expect(await client.names("/datasets?name=a_b")).toEqual(["axb", "a_b"]);
  expect(await client.names("/datasets?name=50%25100")).toEqual(["50 of 100"]);
  expect(await client.names("/datasets?name=.")).toEqual(["."]);
});
