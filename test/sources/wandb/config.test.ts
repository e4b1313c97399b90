import { expect, test } from "vitest";
import { checkSettings, formatProblem } from "../../../src/configuration/check-settings.ts";
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
  [{ project: "team/vision" }, 'project: expected a name, got "team/vision"'],
  [{ project: undefined, projects: "a,acme/b" }, 'projects: expected a name, got "acme/b"'],
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

const base = { entity: "acme", project: "vision" };
const cloud = "https://api.wandb.ai";
const forge = "https://api.forge.coreweave.com";

test.each([
  [`${cloud}/graphql`, cloud],
  [`${forge}/graphql/`, forge],
  ["https://wandb.example.com/api/graphql", "https://wandb.example.com/api"],
  ["https://forge.coreweave.com/api/wandb/", forge],
  ["http://wandb.ai.example.com:8080", "http://wandb.ai.example.com:8080"],
])("takes %s for the API at %s", (base_url, expected) => {
  expect(wandb.config.parse({ ...base, base_url }).base_url).toBe(expected);
});

test.each([
  "https://wandb.ai",
  "https://www.wandb.ai/",
  "https://app.wandb.ai/acme/vision",
  "https://forge.coreweave.com",
  "http://api.wandb.ai",
])("asks whether %s is meant to be the cloud", (base_url) => {
  expect(problemsOf({ base_url })).toEqual([
    expect.stringMatching(
      /^base_url: expected the URL of the API, got .*; did you mean https:\/\/api\.wandb\.ai\?$/,
    ),
  ]);
});

test("reports what is no URL once", () => {
  expect(problemsOf({ base_url: "wandb.ai" })).toEqual([
    expect.stringContaining("base_url: expected a URL like"),
  ]);
});

test("the cloud is one workspace at all its addresses, and that of earlier versions", () => {
  const identityOf = (base_url?: string): string =>
    wandb.identity(wandb.config.parse({ ...base, base_url }));
  for (const url of [
    undefined,
    cloud,
    forge,
    `${forge}/graphql`,
    "https://forge.coreweave.com/api/wandb",
  ])
    expect(identityOf(url)).toBe("https://api.wandb.ai acme/vision");
  expect(identityOf("https://wandb.example.com")).toBe("https://wandb.example.com acme/vision");
});

test.each(["k", "0123456789abcdef".repeat(20), "local-ä+/=.x", "eyJhbGciOi.J9.x-y_z"])(
  "accepts a key of any form: %s",
  (api_key) => {
    expect(wandb.config.parse({ ...base, api_key }).api_key).toBe(api_key);
  },
);
