import { describe, expect, test } from "vitest";
import { newFolder, run } from "../support/program.ts";
import { deskSource, startDesk } from "./desk.ts";

/** Runs a command with this text as the connector `./desk.mjs`, against a service that answers. */
async function runDesk(text: string, command: string, more: Readonly<Record<string, string>> = {}) {
  await using desk = await startDesk();
  await using folder = await newFolder({
    ...more,
    "desk.mjs": text,
    "configuration.json": { desk: { api_key: "key-of-the-desk", base_url: desk.url } },
  });
  const ended = await run("rivulet", ["--connector", "./desk.mjs", command], { cwd: folder.path });
  expect(ended.stdout + ended.stderr).not.toContain("bug in rivulet");
  return ended;
}

/** The source with another stream beside its own. */
const withStream = (stream: string): string =>
  deskSource.replace("streams: (config, context) => [", `$&${stream},`);

const ownStream = (members: string): string =>
  withStream(`{ name: "own", columns: { id: "string" }, primaryKey: ["id"], ${members} }`);

describe("a mistake in a declaration is named before anything is read, by check too", () => {
  test.each([
    [
      "an unknown type",
      deskSource.replace('_id: "integer"', '_id: "int"'),
      'desk: stream "agent": columns._id: unknown type "int"; did you mean "integer"?',
    ],
    [
      "a primary key that is no column",
      deskSource.replace('primaryKey: ["_key"]', 'primaryKey: ["_kei"]'),
      'stream "agent": primaryKey: no column "_kei"; did you mean "_key"?',
    ],
    [
      "a cursor that is no column",
      deskSource.replace('path: "agents"', '$&, cursor: { column: "updated", order: "any" }'),
      'stream "agent": cursor: no column "updated"; expected one of _key, _id, __id, raw',
    ],
    [
      "a cursor that is no timestamp",
      deskSource.replace('path: "agents"', '$&, cursor: { column: "_id", order: "any" }'),
      'stream "agent": cursor: expected a timestamp, but "_id" is of type integer',
    ],
    [
      "a field of no column",
      deskSource.replace('fields: { _key: "id" }', 'fields: { _ky: "id" }'),
      'stream "agent": fields: no column "_ky"; did you mean "_key"?',
    ],
    ["no read()", ownStream("reed: 1"), 'stream "own": read: expected a function'],
    [
      "two streams of one name",
      withStream('{ name: "agent", columns: { a: "string" }, primaryKey: ["a"], read() {} }'),
      'stream "agent": declared twice; rename one',
    ],
    [
      "no list of streams",
      deskSource.replace(
        "streams: (config, context) => [",
        "streams: async (config, context) => [",
      ),
      "desk: streams: expected a function that returns a list of streams",
    ],
    [
      "no identity",
      deskSource.replace("identity: ({ base_url }) => base_url", "identity: () => undefined"),
      "desk: identity: expected text that names host and workspace",
    ],
  ])("%s", async (_what, text, message) => {
    for (const command of ["check", "sync"]) {
      const { status, stdout, stderr } = await runDesk(text, command);
      expect((stdout + stderr).replaceAll('\\"', '"')).toContain(message);
      expect(status).toBe(2);
    }
  });
});

test.each(['[{ id: "a" }]', ""])(
  "a stream that yields no batch is told so: %s",
  async (yielded) => {
    const text = ownStream(`async *read() { yield ${yielded}; }`);
    const { status, stderr } = await runDesk(text, "sync");
    expect(stderr).toContain("own: read() yielded no batch; yield { rows: […] }");
    expect(status).toBe(2);
  },
);

test.each([
  ['[{ key: "1", reason: "odd" }]', "a rejected entry without text in payload; give it a key"],
  ['[{ key: "1", payload: "{}" }]', "a rejected entry without text in reason; give it a key"],
  ['["odd"]', "a rejected entry that is no object; give it a key"],
  ['"odd"', "rejected that is no list; yield { rejected: […] }"],
])("a stream that yields a wrong rejected is told so: %s", async (rejected, message) => {
  const text = ownStream(`async *read() { yield { rows: [], rejected: ${rejected} }; }`);
  const { status, stderr } = await runDesk(text, "sync");
  expect(stderr).toContain(`own: read() yielded ${message}`);
  expect(status).toBe(2);
});

test("an error in a connector's code is the connector's, and says where it arose", async () => {
  const text = ownStream("async *read() { yield undefinedName; }");
  const { status, stderr } = await runDesk(text, "sync");
  expect(stderr).toMatch(
    /this is a bug in the connector \.\/desk\.mjs: ReferenceError.*desk\.mjs:/,
  );
  expect(status).toBe(1);
});

test("a cursor that no row has is warned about, since each sync then reads everything", async () => {
  const cursor = 'cursor: { column: "_key", order: "any", lookbackMinutes: 0, query: () => ({}) }';
  const text = deskSource.replace('path: "agents"', `$&, ${cursor}`);
  const { status, stderr } = await runDesk(text, "sync");
  expect(stderr).toContain('agent: no row has a timestamp in \\"_key\\"');
  expect(status).toBe(0);
});

describe("a connector that cannot be loaded is named with file, line and column", () => {
  const broken = "export const one = 1;\nexport const two = ;\n";
  test.each([
    ["a syntax error", broken, {}, "desk.mjs: line 2, column 20: Unexpected token ';'"],
    [
      "a syntax error in a file that it imports",
      'import { one } from "./part.mjs";\nexport { one };\n',
      { "part.mjs": broken },
      "part.mjs: line 2, column 20: Unexpected token ';'",
    ],
    [
      "an import that is not there",
      'import { z } from "rivulet/connector";\nimport { nothing } from "node:fs";\n',
      {},
      "desk.mjs: line 2, column 10: The requested module 'node:fs' does not provide",
    ],
    [
      "an error when it is loaded",
      "const a = 1;\nundefinedName();\n",
      {},
      "desk.mjs: line 2, column 1: undefinedName is not defined",
    ],
  ])("%s", async (_what, text, more, message) => {
    const { status, stdout, stderr } = await runDesk(text, "sync", more);
    expect(stderr).toMatch(/^--connector \.\/desk\.mjs: cannot be loaded \(\//);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });
});
