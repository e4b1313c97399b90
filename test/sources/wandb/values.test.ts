import { expect, test } from "vitest";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { newSqlite } from "../../support/databases.ts";
import { type Copy, useCopy } from "./copy.ts";

let copy: Copy;
useCopy(newSqlite, (started) => {
  copy = started;
});

async function values(): Promise<Record<string, unknown>> {
  const rows = await copy.database.query(
    `SELECT metric_name, metric_value, value_json FROM metrics`,
  );
  return Object.fromEntries(
    rows.map(({ metric_name, metric_value, value_json }) => [
      String(metric_name),
      value_json ?? metric_value,
    ]),
  );
}

test("stores in value_json what a double cannot hold, and loses nothing", async () => {
  copy.project
    .addRun()
    .log(
      new RawJson(
        '{"_step": 0, "_timestamp": 1767225601.1, "_runtime": 3, "_wandb": {"runtime": 3}, "float": 0.1, "nan": NaN, "inf": Infinity, "neg": -Infinity,' +
          ' "text": "NaN, not \\"a\\" number", "yes": true, "none": null, "list": [1, NaN, 12345678901234567890], "big": 12345678901234567890,' +
          ' "edge": 9007199254740992, "beyond": 9007199254740993, "small": -9007199254740993, "huge": 1e400, "wide": 1e300, "empty": {},' +
          ' "media": {"_type": "image-file", "size": 12345678901234567891}, "a": {"b": 1, "c": {"d": 2}}, "a.b": 3, "__proto__": 4, "": 5}',
      ),
    );
  await copy.sync();
  expect(await values()).toEqual({
    float: 0.1,
    nan: '"NaN"',
    inf: '"Infinity"',
    neg: '"-Infinity"',
    text: '"NaN, not \\"a\\" number"',
    yes: "true",
    none: "null",
    list: '[1, "NaN", 12345678901234567890]',
    big: "12345678901234567890",
    edge: 9007199254740992,
    beyond: "9007199254740993",
    small: "-9007199254740993",
    huge: "1e400",
    wide: 1e300,
    empty: "{}",
    media: '{"_type": "image-file", "size": 12345678901234567891}',
    "a.b": 3,
    "a..b": 1,
    "a.c.d": 2,
    "": 5,
  });
});

test("patterns include and exclude metrics, also the service's own", async () => {
  copy.project.addRun().log({ loss: 1, "loss.val": 2, acc: 3, accuracy: 4, _internal: { x: 5 } });
  await copy.sync({
    metrics: '{"include": ["loss*", "acc", "_runtime", "_int*"], "exclude": "*.val"}',
  });
  expect(Object.keys(await values()).sort()).toEqual(["_internal.x", "_runtime", "acc", "loss"]);
});

test("quarantines a line that is not an object or has no step, and copies the others", async () => {
  const lines = ['{"_step": 0, "a": 1}', '{"_step": 1, "a": broken}', "[2]", '{"a": 3}'];
  const line = (step: number) => lines[step] ?? `{"_step": ${step}, "b": ${step}}`;
  copy.project.addRun({ history: { lastStep: 4, keys: [], line } });
  expect((await copy.sync()).exit).toBe(3);
  expect(await values()).toEqual({ a: 1, b: 4 });
  expect(await copy.quarantine()).toMatchObject([
    { payload: "[2]", reason: "expected a JSON object" },
    { payload: '{"_step": 1, "a": broken}', reason: "expected JSON, got something else" },
    { payload: '{"a": 3}', reason: "expected a whole number in _step" },
  ]);
});

test("stores configuration and summary as valid JSON, unwrapped, with all their digits", async () => {
  copy.project.addRun({
    config: new RawJson(
      '{"lr": {"value": 1.00, "desc": null}, "seed": {"value": 12345678901234567890}, "_wandb": {"value": {}}, "plain": 7, "dict": {"value": {"value": 1}}, "more": {"value": 1, "other": 2}}',
    ),
    summary: new RawJson('{"loss": NaN, "text": "NaN", "best": 12345678901234567890}'),
  });
  await copy.sync();
  const [row] = await copy.database.query(`SELECT config_json, summary_json FROM runs`);
  expect(row).toEqual({
    config_json:
      '{"lr":1.00,"seed":12345678901234567890,"plain":7,"dict":{"value": 1},"more":{"value": 1, "other": 2}}',
    summary_json: '{"loss": "NaN", "text": "NaN", "best": 12345678901234567890}',
  });
});
