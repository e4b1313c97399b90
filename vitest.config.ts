import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/postgres-server.ts",
    reporters: ["default", "./test/support/count-reporter.ts"],
    // Most of a test's time goes by waiting for programs and services of its own.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
