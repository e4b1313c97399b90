import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { databases } from "../../support/databases.ts";
import { hostedLogin, OpikCopy } from "../../support/opik-copy.ts";

/** Values that arrive as `[REDACTED]` because the caller has no permission to see them. */

const lost =
  'the key has lost the permission "trace_original_data_view"; the server may send [REDACTED] in place of values, so the copy is left as it is';

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  let dataset: OpikDataset;
  let ids: readonly string[];
  const fields = ["input"];
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase, { login: hostedLogin, config: { page_size: 4 } });
    dataset = copy.addDataset("secret", 0);
    ids = dataset.addItems(
      Array.from({ length: 12 }, (_, n) => ({ data: { input: `secret ${n}` } })),
    );
    copy.settle();
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  const stored = async () => Object.values(await copy.values("inputs")).map(String);
  const isWhole = (values: readonly string[]) =>
    values.every((value) => value.startsWith("secret"));

  test("a permission that was lost before the sync stops it with 2, and nothing is overwritten", async () => {
    copy.opik.faults.redaction = { fields, permission: "granted" };
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.faults.redaction = { fields, permission: "lost" };
    dataset.addItems([{ data: { input: "secret new" } }]);
    copy.settle();
    for (const fullRefresh of [false, true]) {
      const ended = await copy.sync({}, { fullRefresh });
      expect(ended.exit).toBe(2);
      expect(ended.error).toContain(lost);
      expect(await stored()).toHaveLength(12);
      expect(isWhole(await stored())).toBe(true);
    }
    const program = await copy.run("sync");
    expect(program.status).toBe(2);
    expect(program.stderr).toContain("trace_original_data_view");
    copy.opik.faults.redaction = { fields, permission: "granted" };
    expect((await copy.sync()).exit).toBe(0);
    expect(await stored()).toHaveLength(13);
    expect(isWhole(await stored())).toBe(true);
  });

  test.each([1, 2, 3, 4])(
    "a permission that is lost after %i pages of a walk stops it with 2; what came since is read again",
    async (pages) => {
      copy.opik.faults.redaction = { fields, permission: "granted" };
      expect((await copy.sync()).exit).toBe(0);
      dataset.addItems([{ data: { input: "secret new" } }]);
      copy.settle();
      let left = pages;
      copy.opik.faults.onAnswer = ({ path }) => {
        if (!path.endsWith("/items") || --left > 0) return;
        copy.opik.faults.redaction = { fields, permission: "lost" };
      };
      const ended = await copy.sync();
      expect(ended.exit).toBe(2);
      expect(ended.error).toContain(lost);
      delete copy.opik.faults.onAnswer;
      copy.opik.faults.redaction = { fields, permission: "granted" };
      expect((await copy.sync()).exit).toBe(0);
      expect(await stored()).toHaveLength(13);
      expect(isWhole(await stored())).toBe(true);
    },
  );

  test("a look-up of permissions that fails stops the sync, and nothing is overwritten", async () => {
    copy.opik.faults.redaction = { fields, permission: "granted" };
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.faults.redaction = { fields, permission: "lookUpFails" };
    dataset.addItems([{ data: { input: "secret new" } }]);
    copy.settle();
    expect((await copy.sync()).exit).toBe(1);
    expect(isWhole(await stored())).toBe(true);
    copy.opik.faults.redaction = { fields, permission: "granted" };
    expect((await copy.sync()).exit).toBe(0);
    expect(await stored()).toHaveLength(13);
    expect(isWhole(await stored())).toBe(true);
  });

  test("a caller who never had it copies what is given, and is told once", async () => {
    copy.opik.faults.redaction = { fields, permission: "lost" };
    const { exit, warnings } = await copy.sync();
    expect(exit).toBe(0);
    expect(await stored()).toEqual(Array.from({ length: 12 }, () => "[REDACTED]"));
    expect(warnings).toEqual([
      'opik: the key does not have the permission "trace_original_data_view"; where the server redacts values, the copy has [REDACTED]',
    ]);
    expect(await copy.sync()).toMatchObject({ exit: 0, warnings: [] });
  });

  test("what a sync that was interrupted saw whole is not overwritten by the next", async () => {
    copy.opik.faults.redaction = { fields, permission: "granted" };
    // Datasets are read from the newest on.
    const oldest = dataset.id;
    copy.addDataset("newest", 0).addItems([{ data: { input: "secret" } }]);
    copy.settle();
    copy.opik.faults.onRequest = ({ path }) => {
      copy.opik.faults.keyRevoked ||= path.endsWith(`${oldest}/items`);
    };
    expect((await copy.sync({ concurrency: 1 })).exit).toBe(2);
    expect(await stored()).toEqual(["secret"]);
    delete copy.opik.faults.onRequest;
    copy.opik.faults.keyRevoked = false;
    copy.opik.faults.redaction = { fields, permission: "lost" };
    const ended = await copy.sync({}, { fullRefresh: true });
    expect(ended.exit).toBe(2);
    expect(ended.error).toContain(lost);
    expect(await stored()).toEqual(["secret"]);
  });

  test("a caller who gets it gets the values", async () => {
    copy.opik.faults.redaction = { fields, permission: "lost" };
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.faults.redaction = { fields, permission: "granted" };
    expect((await copy.sync()).exit).toBe(0);
    expect(await stored()).toHaveLength(12);
    expect(isWhole(await stored())).toBe(true);
    copy.opik.faults.redaction = { fields, permission: "lost" };
    expect((await copy.sync()).exit).toBe(2);
    expect(isWhole(await stored())).toBe(true);
  });

  test("a server without permissions is read as ever, and nothing is told", async () => {
    copy.opik.faults.endpointStatus = { "/workspace-permissions": 404 };
    const { exit, warnings } = await copy.sync();
    expect([exit, warnings]).toEqual([0, []]);
    dataset.updateItem(ids[0] ?? "", { data: { input: "secret 100" } });
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await stored()).toContain("secret 100");
  });

  test("masked values can be copied after a reset of the state", async () => {
    copy.opik.faults.redaction = { fields, permission: "granted" };
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.faults.redaction = { fields, permission: "lost" };
    expect((await copy.sync()).exit).toBe(2);
    expect((await copy.run("state", "reset")).status).toBe(0);
    expect((await copy.sync()).exit).toBe(0);
    expect(await stored()).toEqual(Array.from({ length: 12 }, () => "[REDACTED]"));
  });
});
