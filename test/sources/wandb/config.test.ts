import { expect, test } from "vitest";
import { checkSettings, formatProblem } from "../../../src/configuration/configuration.ts";
import { wandb } from "../../../src/sources/wandb/source.ts";

const problemsOf = (settings: Readonly<Record<string, unknown>>): readonly string[] =>
  checkSettings(wandb, { entity: "acme", project: "vision", ...settings }).problems.map((problem) =>
    formatProblem(problem),
  );

test("accepts the original connector's file", () => {
  expect(problemsOf({ api_key: "k", page_size: "100" })).toEqual([]);
});

test.each([
  [{ entity: "acme/vision" }, 'entity: expected a name, got "acme/vision"'],
  [{ project: "acme/vision" }, 'project: expected a name, got "acme/vision"'],
  [{ projects: "a,acme/b" }, 'projects: expected a name, got "acme/b"'],
])("rejects the path of a project where a name is expected: %j", (settings, message) => {
  expect(problemsOf(settings)).toEqual([expect.stringContaining(message)]);
});

test.each([{ incl: ["a"] }, { include: { a: 1 } }, 7])(
  "rejects invalid patterns, with an example: %j",
  (metrics) => {
    expect(problemsOf({ metrics })).toEqual([
      expect.stringMatching(/^metrics(\.include)?: expected (patterns like|a list of texts)/),
    ]);
  },
);

test("says how to set a missing project", () => {
  expect(problemsOf({ project: undefined })).toEqual([
    "project: missing; expected the name of a project, or set projects",
  ]);
});
