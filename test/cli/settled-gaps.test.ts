import { expect, test } from "vitest";
import { databases } from "../support/databases.ts";
import { logLines, newFolder, run } from "../support/program.ts";

/** A source whose only stream rejects what its configuration says. */
const shortSource = `
import { z } from "rivulet/connector";

export const connector = {
  kind: "source",
  name: "short",
  title: "Short",
  config: z.object({ settled: z.number(), open: z.number() }),
  identity: () => "here",
  streams: ({ settled, open }) => [
    {
      name: "run",
      columns: { id: "string" },
      primaryKey: ["id"],
      async *read() {
        const entry = (name, settled) => (_, index) =>
          ({ key: name + index, payload: "", reason: "9 of 10 lines", settled });
        yield {
          rows: [{ id: "a" }],
          rejected: [
            ...Array.from({ length: settled }, entry("settled", true)),
            ...Array.from({ length: open }, entry("open", false)),
          ],
        };
      },
    },
  ],
  check: async () => undefined,
};
`;

function newSource(settled: number, open: number) {
  return newFolder({
    "short.js": shortSource,
    "package.json": { type: "module" },
    "configuration.json": { short: { settled, open } },
  });
}

test.each(databases)(
  "settled gaps end a sync with 0; summary, status and verify name them, on %s",
  async (_name, newDatabase) => {
    const database = await newDatabase();
    await using folder = await newSource(12, 0);
    const rivulet = (...args: string[]) =>
      run("rivulet", ["--connector", "./short.js", ...args, "--destination", database.url], {
        cwd: folder.path,
      });
    try {
      const sync = await rivulet("sync");
      expect(sync.stdout).toContain(
        '12 settled gaps: nothing more is expected from the service; the command "status" names them',
      );
      expect(sync.stdout).not.toContain("in quarantine");
      expect(logLines(sync).at(-1)).toMatchObject({ quarantined: 0, settled: 12 });
      expect(sync.status).toBe(0);

      const named =
        "\n12 settled gaps: incomplete at the service for good, nothing more is expected\n" +
        "  run: settled0: 9 of 10 lines\n";
      const status = await rivulet("status");
      expect(status.stdout).toMatch(/^status +completed$/m);
      expect(status.stdout).toContain(named);
      expect(status.stdout).toMatch(/ {2}and 2 more in _rivulet_quarantine\n$/);
      expect(status.stdout.match(/9 of 10 lines/g)).toHaveLength(10);

      const verify = await rivulet("verify");
      expect(verify.stdout).toContain(named);
      expect(verify.status).toBe(0);
      const json = JSON.parse((await rivulet("verify", "--json")).stdout) as {
        settled: object[];
      }[];
      expect(json[0]).toMatchObject({ stream: "run", unreadable: [], missing: [], extra: [] });
      expect(json[0]?.settled).toHaveLength(12);
      expect(json[0]?.settled[0]).toEqual({ key: "settled0", reason: "9 of 10 lines" });
    } finally {
      await database.drop();
    }
  },
);

test("entries that are not settled end the sync with 3, and are counted apart", async () => {
  await using folder = await newSource(1, 2);
  const rivulet = (...args: string[]) =>
    run("rivulet", ["--connector", "./short.js", ...args], { cwd: folder.path });
  const sync = await rivulet("sync");
  expect(sync.stdout).toMatch(/^in quarantine: 2; /m);
  expect(sync.stdout).toMatch(/^1 settled gap: /m);
  expect(sync.status).toBe(3);
  const verify = await rivulet("verify");
  expect(verify.stdout).toMatch(/^run: unreadable: open0 .*, open1 /m);
  expect(verify.status).toBe(1);
  const dryRun = await rivulet("sync", "--dry-run");
  expect(dryRun.stdout).toMatch(/^run +1 +2$/m);
});
