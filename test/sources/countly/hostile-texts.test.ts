import { describe, expect, test } from "vitest";
import { unwrapEjson } from "../../../src/sources/countly/client/ejson.ts";
import { unescapeEntities } from "../../../src/sources/countly/client/html-entities.ts";
import { joinMembers, stripSecrets } from "../../../src/sources/countly/rows/strip-secrets.ts";

/** Far more than the stack holds, and what quadratic time would take minutes for. */
const many = 500_000;

function timed<T>(work: () => T): T {
  const startedAt = performance.now();
  const result = work();
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  return result;
}

/** JSON in a string in JSON, so often, with quotes that grow by five characters each time. */
function nestedTexts(depth: number): string {
  let text = '["&amp;"]';
  for (let level = 0; level < depth; level += 1)
    text = `["${text.replace(/["\\]/g, (found) => (found === '"' ? "\\u0022" : "\\u005c"))}"]`;
  return text;
}

describe("texts of millions of characters are decoded in linear time, without a deep stack", () => {
  test.each([
    ["backslashes", "\\".repeat(10 * many)],
    ["quotes", '"'.repeat(5 * many)],
    ["line ends", "\n".repeat(5 * many)],
    ["wrappers that do not end", '{"$oid":"'.repeat(many / 5)],
  ])("%s", (_what, text) => {
    const owner = JSON.stringify({ owner: `&amp;${text}` });
    expect(timed(() => unescapeEntities(owner))).toBe(JSON.stringify({ owner: `&${text}` }));
    const id = JSON.stringify({ id: { $oid: text }, at: { $date: { $numberLong: "1" } } });
    expect(timed(() => unwrapEjson(id))).toBe(JSON.stringify({ id: text, at: 1 }));
    const app = JSON.stringify({ name: text, salt: text });
    expect(timed(() => stripSecrets(app))).toBe(JSON.stringify({ name: text }));
  });

  test.each([
    ["lists", "[", "1", "]"],
    ["objects", '{"a":', "1", "}"],
    ["wrappers", '{"$date":', "true", "}"],
  ])("%s in %s", (_what, open, inner, close) => {
    const json = open.repeat(many) + inner + close.repeat(many);
    expect(timed(() => stripSecrets(json)) === json).toBe(true);
    expect(timed(() => unwrapEjson(json)) === json).toBe(true);
  });

  test("JSON in texts in JSON", () => {
    expect(JSON.parse(timed(() => unescapeEntities(nestedTexts(200))))).toBeDefined();
    expect(unescapeEntities(nestedTexts(2))).toContain('\\"&\\');
  });
});

test("secrets are stripped at any depth, and nothing else changes", () => {
  const json =
    ' { "salt" : 1 , "a" : [ { "api_key" : {"b":[1,2]} } , 1.50 , { } , [ ] ] , "p\\u0061ssword":"x", "é\\/" : 1e400 } ';
  expect(stripSecrets(json)).toBe('{"a":[{},1.50,{},[]],"é\\/":1e400}');
  expect(stripSecrets(' "text" ')).toBe('"text"');
  expect(stripSecrets('{"a":1,"salt":2}')).toBe('{"a":1}');
  expect(
    joinMembers(
      new Map([
        ["a", '{"salt":1}'],
        ["salt", "2"],
      ]),
    ),
  ).toBe('{"a":{}}');
});
