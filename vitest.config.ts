import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

const postgres = "test/support/postgres-server.ts";

/** One function or one emulator at a time. */
const unit = ["core", "json", "engine", "http", "configuration", "emulators", "cli/terminal"];

/** The whole program at scale, under disturbance, and with its documentation. */
const system = ["system", "chaos", "fuzz", "docs"];

/** Beside official SDKs of the services, where they can be installed. */
const genuine = ["genuine"];

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/count-reporter.ts"],
    // Most of a test's time goes by waiting for programs and services.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      project("unit", { include: [...unit.map(testsIn), "test/*.test.ts"] }),
      project("integration", {
        include: ["test/*/**/*.test.ts"],
        exclude: [...unit, ...system, ...genuine].map(testsIn),
        globalSetup: postgres,
      }),
      project("system", { include: system.map(testsIn), globalSetup: postgres }),
      project("genuine", {
        include: genuine.map(testsIn),
        // An SDK takes its time on a busy machine.
        testTimeout: 180_000,
        globalSetup: [
          postgres,
          "test/genuine/wandb/install-sdk.ts",
          "test/genuine/opik/install-sdks.ts",
          "test/genuine/singer/install-targets.ts",
        ],
      }),
    ],
  },
});

function testsIn(folder: string): string {
  return `test/${folder}/**/*.test.ts`;
}

function project(
  name: string,
  test: NonNullable<TestProjectInlineConfiguration["test"]>,
): TestProjectInlineConfiguration {
  return { extends: true, test: { name, ...test } };
}
