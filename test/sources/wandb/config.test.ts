import { expect, test } from "vitest";
import { checkSettings, formatProblem } from "../../../src/configuration/configuration.ts";
import { wandb } from "../../../src/sources/wandb/source.ts";

const problemsOf = (settings: Readonly<Record<string, unknown>>): readonly string[] =>
  checkSettings(wandb, { entity: "acme", project: "vision", ...settings }).problems.map((problem) =>
    formatProblem(problem),
  );

test("what the original connector's file holds is enough", () => {
  expect(problemsOf({ api_key: "k", page_size: "100" })).toEqual([]);
});

test.each([
  [{ entity: "acme/vision" }, 'entity: expected a name, got "acme/vision"'],
  [{ project: "acme/vision" }, 'project: expected a name, got "acme/vision"'],
  [{ projects: "a,acme/b" }, 'projects: expected a name, got "acme/b"'],
])("the path of a project is no name: %j", (settings, message) => {
  expect(problemsOf(settings)).toEqual([expect.stringContaining(message)]);
});

test.each([{ incl: ["a"] }, { include: { a: 1 } }, 7])(
  "patterns that are none are said to be so, with an example: %j",
  (metrics) => {
    expect(problemsOf({ metrics })).toEqual([
      expect.stringMatching(/^metrics(\.include)?: expected (patterns like|a list of texts)/),
    ]);
  },
);

test("without a project, the ways to name one are told", () => {
  expect(problemsOf({ project: undefined })).toEqual([
    "project: missing; expected the name of a project, or set projects",
  ]);
});
