import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { demoWorkspace } from "../../src/emulators/opik/demo-workspace.ts";
import { runPiped, startPiped } from "../singer/program.ts";
import { contents } from "../support/contents.ts";
import { databases } from "../support/databases.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder, run } from "../support/program.ts";

interface Message {
  readonly type: string;
  readonly stream?: string;
  readonly record?: Readonly<Record<string, unknown>>;
  readonly time_extracted?: string;
  readonly value?: unknown;
}

function messagesOf(stdout: string): Message[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Message);
}

describe("opik-sync tap", () => {
  test("writes SCHEMA before RECORD, STATE last, extraction times, and metrics to standard error", async () => {
    await using opik = await startOpik({ workspace: demoWorkspace() });
    await using folder = await newFolder({ "config.json": { base_url: opik.url } });
    const options = { cwd: folder.path };
    const { stdout, stderr, status } = await run(
      "opik-sync",
      ["tap", "--config", "config.json"],
      options,
    );
    expect(status).toBe(0);
    const messages = messagesOf(stdout);
    const declared = new Set<string>();
    for (const { type, stream = "", time_extracted } of messages) {
      if (type === "SCHEMA") declared.add(stream);
      if (type !== "RECORD") continue;
      expect(declared).toContain(stream);
      expect(time_extracted).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
    expect([...declared]).toEqual(["opik_project", "opik_dataset", "opik_dataset_item"]);
    expect(messages.at(-1)?.type).toBe("STATE");
    const metrics = stderr
      .split("\n")
      .flatMap((line) => /^INFO METRIC: (.*)$/.exec(line)?.[1] ?? []);
    const measurements = metrics.map(
      (line) => JSON.parse(line) as { metric: string; value: number },
    );
    const records = messages.filter(({ type }) => type === "RECORD").length;
    const sum = measurements
      .filter(({ metric }) => metric === "record_count")
      .reduce((total, { value }) => total + value, 0);
    expect(sum).toBe(records);
    expect(
      messages.filter(({ type }) => type === "ACTIVATE_VERSION").map(({ stream }) => stream),
    ).toEqual(["opik_project", "opik_dataset"]);
  });

  test("resumes from a state, and honours the selection of a catalog", async () => {
    await using opik = await startOpik({ workspace: demoWorkspace() });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url } },
    });
    const { path: cwd } = folder;
    const tap = (...args: string[]) => run("opik-sync", ["tap", "--quiet", ...args], { cwd });
    const catalog = JSON.parse((await tap("--discover")).stdout) as {
      streams: {
        stream: string;
        metadata: { breadcrumb: string[]; metadata: Record<string, unknown> }[];
      }[];
    };
    for (const { stream, metadata } of catalog.streams) {
      for (const { breadcrumb, metadata: columnMetadata } of metadata) {
        if (breadcrumb.length === 0) columnMetadata["selected"] = stream === "opik_dataset_item";
        else columnMetadata["selected"] = ["data", "dataset_id"].includes(breadcrumb[1] ?? "");
      }
    }
    await writeFile(`${cwd}/catalog.json`, JSON.stringify(catalog));
    const first = messagesOf((await tap("--properties", "catalog.json")).stdout);
    const records = first.filter(({ type }) => type === "RECORD");
    expect(records.length).toBeGreaterThan(1000);
    expect(new Set(records.map(({ stream }) => stream))).toEqual(new Set(["opik_dataset_item"]));
    for (const { record } of records)
      expect(Object.keys(record ?? {}).sort()).toEqual(["data", "dataset_id", "item_id"]);
    const state = first.findLast(({ type }) => type === "STATE")?.value;
    await writeFile(`${cwd}/state.json`, JSON.stringify(state));
    const again = await tap("--catalog", "catalog.json", "--state", "state.json");
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(messagesOf(again.stdout).filter(({ type }) => type === "RECORD")).toEqual([]);
    const whole = JSON.parse(await readFile(`${cwd}/catalog.json`, "utf8")) as typeof catalog;
    for (const { metadata } of whole.streams)
      Object.assign(metadata[0]?.metadata ?? {}, { "replication-method": "FULL_TABLE" });
    await writeFile(`${cwd}/whole.json`, JSON.stringify(whole));
    const full = await tap("--catalog", "whole.json", "--state", "state.json");
    expect(messagesOf(full.stdout).filter(({ type }) => type === "RECORD")).toHaveLength(
      records.length,
    );
  });

  test.each([
    ["not JSON", "{]", /state\.json: not JSON/],
    ["of another tap", '{"bookmarks":{"users":{"id":3}}}', /state\.json: not a state of this tap/],
    [
      "of another source",
      '{"rivulet":1,"source":"opik","identity":"x","bookmarks":{}}',
      /belongs to .*x.*, not to/,
    ],
  ])("refuses a state that is %s", async (_what, content, message) => {
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: "http://127.0.0.1:9" } },
      "state.json": content,
    });
    const ended = await run("opik-sync", ["tap", "--state", "state.json"], { cwd: folder.path });
    expect(ended).toMatchObject({ status: 2, stdout: "" });
    expect(ended.stderr).toMatch(message);
  });

  test("ends silently when the reader closes the pipe", async () => {
    await using opik = await startOpik({ workspace: demoWorkspace() });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url } },
    });
    const { child, ended } = startPiped("opik-sync", ["tap", "--quiet"], folder.path);
    ended.catch(() => undefined);
    const errors: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    const exit = once(child, "exit");
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect(await exit).toEqual([0, null]);
    expect(Buffer.concat(errors).toString()).toBe("");
  });
});

describe.each(databases)("on %s", (_name, newDatabase) => {
  test("tap and target produce the same tables as sync", async () => {
    await using opik = await startOpik({ workspace: demoWorkspace() });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url } },
    });
    const { path: cwd } = folder;
    const [synced, tapped] = [await newDatabase(), await newDatabase()];
    try {
      await run("opik-sync", ["--quiet", "--destination", synced.url], { cwd });
      const { stdout: input } = await run("opik-sync", ["tap"], { cwd });
      await writeFile(`${cwd}/target.json`, JSON.stringify({ destination: tapped.url }));
      const ended = await runPiped("rivulet", ["target", "--config", "target.json"], {
        cwd,
        input,
      });
      expect(ended).toMatchObject({ status: 0 });
      const states = ended.stdout.trim().split("\n");
      expect(states.at(-1)).toBe(JSON.stringify(messagesOf(input).at(-1)?.value));
      expect(await contents(tapped)).toEqual(await contents(synced));
    } finally {
      await synced.drop();
      await tapped.drop();
    }
  });

  test("exits with 2 if the input is not from a tap, 3 if rows are in quarantine, 75 if another target runs", async () => {
    await using folder = await newFolder();
    const { path: cwd } = folder;
    const database = await newDatabase();
    try {
      const args = ["target", "--destination", database.url];
      const noise = await runPiped("rivulet", args, { cwd, input: "noise\n".repeat(200) });
      expect(noise).toMatchObject({ status: 2, stdout: "" });
      const schema = `{"type":"SCHEMA","stream":"t","schema":{"properties":{"id":{"type":"integer"}}},"key_properties":["id"]}\n`;
      const partial = await runPiped("rivulet", args, {
        cwd,
        input: `${schema}{"type":"RECORD","stream":"t","record":{"id":"x"}}\n{"type":"STATE","value":{}}\n`,
      });
      expect(partial).toMatchObject({ status: 3, stdout: "{}\n" });
      const { child, ended } = startPiped("rivulet", args, cwd);
      child.stdin.write(`${schema}{"type":"STATE","value":1}\n`);
      await once(child.stdout, "data");
      expect(await runPiped("rivulet", args, { cwd, input: schema })).toMatchObject({ status: 75 });
      child.kill("SIGTERM");
      expect(await ended).toMatchObject({ status: 143 });
    } finally {
      await database.drop();
    }
  });
});
