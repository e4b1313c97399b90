import { chmod, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { writeSettings } from "../../src/configuration/configuration-file.ts";
import { readConfiguration } from "../../src/configuration/configuration.ts";
import { secretText, text } from "../../src/core/config-field.ts";
import { openDestination } from "../../src/destination/open.ts";
import { writeMetricsFile } from "../../src/metrics/metrics-file.ts";
import { silent } from "../destination/fixture.ts";
import { newFolder } from "../support/program.ts";

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

describe("a file that is replaced", () => {
  test.each([
    ["the configuration", (file: string) => writeSettings(file, { a: 1 }), /"a": 1/],
    ["the metrics", (file: string) => writeMetricsFile(file, "a 1\n"), /^a 1\n$/],
  ])("does not write through a link that waits for it: %s", async (_what, write, expected) => {
    await using folder = await newFolder({ victim: "precious" });
    const file = join(folder.path, "file");
    const victim = join(folder.path, "victim");
    await symlink(victim, `${file}.${process.pid}.tmp`);
    await write(file);
    expect(await readFile(victim, "utf8")).toBe("precious");
    expect(await readFile(file, "utf8")).toMatch(expected);
  });
});

describe("a SQLite file", () => {
  test.each([false, true])(
    "is its owner's alone if rivulet creates it (thread: %s)",
    async (thread) => {
      await using folder = await newFolder();
      const file = join(folder.path, "a.db");
      await using destination = await openDestination(`sqlite:${file}`, { log: silent, thread });
      await using session = await destination.lock({ name: "p" });
      await session.prepare([{ name: "a", columns: { id: "string" }, primaryKey: ["id"] }]);
      await session.write([{ stream: "a", rows: [{ id: "1" }] }]);
      for (const suffix of ["", "-wal", "-shm"]) expect(await modeOf(file + suffix)).toBe(0o600);
    },
  );

  test("keeps the mode that its owner gave it", async () => {
    await using folder = await newFolder({ "a.db": "" });
    const file = join(folder.path, "a.db");
    await chmod(file, 0o664);
    await using destination = await openDestination(`sqlite:${file}`, { log: silent });
    await using session = await destination.lock({ name: "p" });
    expect((await session.state()).size).toBe(0);
    for (const suffix of ["", "-wal"]) expect(await modeOf(file + suffix)).toBe(0o664);
  });
});

describe("a configuration file", () => {
  const source = {
    name: "desk",
    config: z.object({
      api_key: secretText({ description: "Key." }),
      project: text({ description: "Project." }).optional(),
    }),
  };
  const settings = { literal: { api_key: "s3cret" }, variable: { api_key: "${KEY}" } };

  test.each([
    ["literal", 0o600, undefined],
    ["literal", 0o640, /can be read by others, and holds a secret; .* \(chmod 600\)$/],
    ["literal", 0o604, /can be read by others, and holds a secret/],
    ["variable", 0o644, undefined],
    ["variable", 0o620, /can be changed by others, who could direct .* \(chmod 600\)$/],
    ["variable", 0o602, /can be changed by others/],
  ] as const)(
    "with a %s key and mode %o gets the warning that it needs",
    async (key, mode, warning) => {
      await using folder = await newFolder();
      const path = join(folder.path, "my settings.json");
      await writeFile(path, JSON.stringify({ desk: settings[key] }));
      await chmod(path, mode);
      const env = { KEY: "s3cret" };
      const configuration = await readConfiguration({ source, sourceNames: [], env, path });
      if (warning === undefined) expect(configuration.warning).toBeUndefined();
      else expect(configuration.warning).toMatch(warning);
    },
  );

  test.each([
    "postgres://me:s3cret@host/db",
    "postgres://me:s3cret@host:1,other:2/db",
    "postgres://me@/db?host=/run&password=s3cret",
  ])("with a password in the URL of its destination holds a secret: %s", async (destination) => {
    await using folder = await newFolder();
    const path = join(folder.path, "configuration.json");
    await writeFile(path, JSON.stringify({ destination, desk: settings.variable }));
    const env = { KEY: "s3cret" };
    const configuration = await readConfiguration({ source, sourceNames: [], env, path });
    expect(configuration.warning).toMatch(/holds a secret/);
  });
});
