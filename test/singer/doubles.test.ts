import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contents } from "../support/contents.ts";
import { databases } from "../support/databases.ts";
import { memorySource } from "../fivetran/memory-source.ts";
import { syncSource } from "../support/sync-source.ts";
import { testSeed } from "../support/test-seed.ts";
import { tapToTarget } from "./tap-to-target.ts";

/** All doubles, and more of those that print as integers although they have no exact digits. */
const anyDouble = fc.oneof(
  fc.double(),
  fc.double({ min: 2 ** 53, max: 1e22 }),
  fc.double({ min: -1e22, max: -(2 ** 53) }),
  fc.integer({ min: 0, max: 1100 }).map((power) => 2 ** (power - 76)),
);

const edges = [2 ** 53, -(2 ** 53), 2 ** 53 + 2, 2 ** 63, 1e21, 1e21 - 2 ** 17, -0, 5e-324, NaN];

describe.each(databases)("on %s", (_name, newDatabase) => {
  test(`tap and target store every double as sync does, seed ${testSeed}`, async () => {
    const doubles = [...edges, ...fc.sample(anyDouble, { numRuns: 5000, seed: testSeed })];
    const rows = doubles.map((d, id) => ({ id, d }));
    const columns = { id: "integer", d: "double" } as const;
    const source = memorySource({ columns, read: [{ rows }] });
    const [synced, tapped] = [await newDatabase(), await newDatabase()];
    try {
      await syncSource(source, { config: {}, destination: synced.url });
      const options = { config: {}, state: "", destination: tapped.url };
      const { target } = await tapToTarget(source, options);
      expect(target.status).toBe("completed");
      expect(await contents(tapped)).toEqual(await contents(synced));
    } finally {
      await synced.drop();
      await tapped.drop();
    }
  });
});
