import { expect, test } from "vitest";
import { parsePythonJson } from "../../../src/sources/wandb/reader/python-json.ts";

test("bare NaN and infinities become strings, and what stands in strings stays", () => {
  const text = String.raw`{"a": NaN, "NaN": [-Infinity, Infinity, "NaN \" NaN", "\\"], "b": 12345678901234567890}`;
  expect(parsePythonJson(text)?.text).toBe(
    String.raw`{"a": "NaN", "NaN": ["-Infinity", "Infinity", "NaN \" NaN", "\\"], "b": 12345678901234567890}`,
  );
});

test("a text of any length may stand beside a bare NaN", () => {
  const long = JSON.stringify("line\n".repeat(2_000_000));
  expect(parsePythonJson(`{"source": ${long}, "loss": NaN}`)?.text).toBe(
    `{"source": ${long}, "loss": "NaN"}`,
  );
});

test("what is no JSON either way is told by undefined", () => {
  expect(parsePythonJson('{"a": NaN')).toBeUndefined();
  expect(parsePythonJson("NaNNaN")).toBeUndefined();
});
