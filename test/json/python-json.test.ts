import { expect, test } from "vitest";
import { parsePythonJson } from "../../src/json/python-json.ts";

test("quotes bare NaN and infinities, and leaves strings as they are", () => {
  const text = String.raw`{"a": NaN, "NaN": [-Infinity, Infinity, "NaN \" NaN", "\\"], "b": 12345678901234567890}`;
  expect(parsePythonJson(text)?.text).toBe(
    String.raw`{"a": "NaN", "NaN": ["-Infinity", "Infinity", "NaN \" NaN", "\\"], "b": 12345678901234567890}`,
  );
});

test("handles very long strings beside a bare NaN", () => {
  const long = JSON.stringify("line\n".repeat(2_000_000));
  expect(parsePythonJson(`{"source": ${long}, "loss": NaN}`)?.text).toBe(
    `{"source": ${long}, "loss": "NaN"}`,
  );
});

test("returns undefined for text that is not JSON either way", () => {
  expect(parsePythonJson('{"a": NaN')).toBeUndefined();
  expect(parsePythonJson("NaNNaN")).toBeUndefined();
});
