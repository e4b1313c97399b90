import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startPiped } from "../singer/program.ts";
import { contents } from "../support/contents.ts";
import { databases } from "../support/databases.ts";
import { newTestRandom, testSeed } from "../support/test-seed.ts";
import { newFolder } from "../support/program.ts";

/** Enough for each run of the tests; `npm run chaos` kills hundreds of times. */
const kills = 4;
const records = 60_000;
const recordsPerState = 250;

/** Messages of two streams, one of them without a key, and a STATE every 250 records. */
function input(): { readonly schemas: string; readonly lines: readonly string[] } {
  const properties = { id: { type: "integer" }, name: { type: "string" } };
  const schema = (stream: string, key_properties: readonly string[]): string =>
    `${JSON.stringify({ type: "SCHEMA", stream, schema: { properties }, key_properties })}\n`;
  const lines = Array.from({ length: records }, (_, n) => {
    const record = { id: n % 40_000, name: `name ${n}` };
    const stream = n % 7 === 0 ? "log" : "users";
    const state = n % recordsPerState === recordsPerState - 1;
    return (
      `${JSON.stringify({ type: "RECORD", stream, record })}\n` +
      (state ? `${JSON.stringify({ type: "STATE", value: { next: n + 1 } })}\n` : "")
    );
  });
  return { schemas: schema("users", ["id"]) + schema("log", []), lines };
}

/** Feeds a target from a position, as a tap resuming from the last STATE, until it exits. */
async function feedFrom(
  stdin: NodeJS.WritableStream,
  { from, hasExited }: { from: number; hasExited: () => boolean },
): Promise<void> {
  const { schemas, lines } = input();
  stdin.write(schemas);
  for (let at = from; at < lines.length && !hasExited(); at += recordsPerState) {
    if (!stdin.write(lines.slice(at, at + recordsPerState).join("")))
      await new Promise<unknown>((done) => {
        for (const event of ["drain", "close", "error"]) stdin.once(event, done);
      });
    await wait(25);
  }
  stdin.end();
}

function nextPosition(stdout: string): number | undefined {
  const last = stdout.split("\n").findLast((line) => /^\{.*\}$/.test(line));
  return last === undefined ? undefined : (JSON.parse(last) as { next: number }).next;
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  test(
    `a target killed ${kills} times at random and resumed from its last STATE loses and duplicates nothing (seed ${testSeed})`,
    { timeout: 300_000 },
    async () => {
      const random = newTestRandom();
      await using folder = await newFolder();
      const [disturbed, undisturbed] = [await newDatabase(), await newDatabase()];
      try {
        const target = async (url: string, from: number, lifetimeMs?: number) => {
          const { child, ended } = startPiped(
            "rivulet",
            ["target", "--quiet", "--destination", url],
            folder.path,
          );
          let hasExited = false;
          child.on("exit", () => (hasExited = true));
          const fed = feedFrom(child.stdin, { from, hasExited: () => hasExited });
          if (lifetimeMs !== undefined) {
            // Most runs reach a STATE, however slow the machine is.
            if (lifetimeMs % 5 > 0)
              await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
            await wait(lifetimeMs);
            child.kill("SIGKILL");
          }
          const [end] = await Promise.all([ended, fed]);
          return end;
        };
        let from = 0;
        const resumed: number[] = [];
        for (let killed = 0; killed < kills && from < records - 5000; killed += 1) {
          const { stdout } = await target(disturbed.url, from, random.between(0, 299));
          from = nextPosition(stdout) ?? from;
          resumed.push(from);
        }
        expect(new Set(resumed).size).toBeGreaterThan(1);
        expect(await target(disturbed.url, from)).toMatchObject({ status: 0, stderr: "" });
        expect(await target(undisturbed.url, 0)).toMatchObject({ status: 0, stderr: "" });
        expect(await contents(disturbed)).toEqual(await contents(undisturbed));
        const [log] = await disturbed.query("SELECT count(*) AS n FROM log");
        expect(Number(log?.["n"])).toBe(Math.ceil(records / 7));
      } finally {
        await disturbed.drop();
        await undisturbed.drop();
      }
    },
  );
});
