import { expect, test } from "vitest";
import { HttpError, isTransient } from "../../src/http/http-error.ts";
import { parseJson } from "../../src/http/json-body.ts";

test.each([
  ["", "an empty body"],
  [" \n", "an empty body"],
  ["<!doctype html><html>", "HTML"],
  ['{"rows": [1, 2', "truncated or invalid JSON"],
  ['"half a str', "truncated or invalid JSON"],
  ["OK", "other text"],
])("%j is reported as %s", (text, description) => {
  const parse = (): unknown => parseJson(text);
  expect(parse).toThrow(`expected JSON, got ${description}`);
  expect(parse).toThrow(
    expect.toSatisfy((error) => error instanceof HttpError && isTransient(error)),
  );
});

test.each([
  ["<html>", "html"],
  [" \n<?xml?>", "html"],
  ["", "content"],
  ["OK", "content"],
  ["[1", "broken"],
])("%j is of the kind %s", (text, kind) => {
  expect(() => parseJson(text)).toThrow(expect.objectContaining({ kind }));
});

test("JSON is parsed", () => {
  expect(parseJson(' {"a": [1.5, null]}\n')).toEqual({ a: [1.5, null] });
});
