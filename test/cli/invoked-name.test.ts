import { describe, expect, test } from "vitest";
import { invokedName } from "../../src/cli/invoked-name.ts";
import { newFolder, run } from "../support/program.ts";

describe("messages print the command as it was invoked", () => {
  test.each([
    ["opik-sync", [], "opik-sync"],
    ["rivulet", ["opik"], "rivulet opik"],
    ["countly-sync", [], "countly-sync"],
    ["rivulet", ["wandb"], "rivulet wandb"],
  ])("%s %j", async (name, words, command) => {
    await using folder = await newFolder();
    const { stderr, status } = await run(name, [...words, "sync"], { cwd: folder.path });
    expect(stderr).toContain(`run ${command} init to create it, or type what to copy: ${command} `);
    expect(status).toBe(2);
  });

  test("npx", async () => {
    await using folder = await newFolder();
    const env = { npm_lifecycle_event: "npx", npm_lifecycle_script: "'wandb-sync'" };
    const { stderr } = await run("wandb-sync", ["sync"], { cwd: folder.path, env });
    expect(stderr).toContain("run npx --no-install wandb-sync init to create it");
  });
});

test("a program that something else runs under npx is called by its name", () => {
  const env = { npm_lifecycle_event: "npx", npm_lifecycle_script: "orchestrator run" };
  expect(invokedName("wandb-sync", env)).toBe("wandb-sync");
});
