import { describe, expect, test } from "vitest";
import { destinations } from "../support/databases.ts";
import { countsOf, runs, useDatabase } from "./fixture.ts";

describe.each(destinations)("updates on %s", (_dialect, create) => {
  const fixture = useDatabase(create);

  test("change the columns that they name, of rows that exist and are not deleted", async () => {
    const session = await fixture.session([runs]);
    const rows = ["a", "b", "c"].map((id) => ({ id, project: "p", steps: 1, raw: "{}" }));
    await session.write([{ stream: "runs", rows, deletes: [["c"]] }]);
    const updates = [
      { id: "a", steps: 2, raw: null },
      { id: "b", steps: 1 },
      { id: "c", steps: 2 },
      { id: "nowhere", steps: 2 },
    ];
    const written = await session.write([{ stream: "runs", rows: [], updates }]);
    expect(countsOf(written)).toEqual({ updated: 1, unchanged: 3 });
    const cells = `select id || ' ' || project || ' ' || steps || ' ' || case when raw is null then '-' else 'raw' end from runs order by id`;
    expect(await fixture.texts(cells)).toEqual(["a p 2 -", "b p 1 raw", "c p 1 raw"]);
  });

  test("are applied after the rows of their batch, before its deletes and before the next batch", async () => {
    const session = await fixture.session([runs]);
    const batch = { stream: "runs", rows: [{ id: "a", steps: 1 }, { id: "b" }] };
    await session.write([
      { ...batch, updates: [{ id: "a", steps: 2 }], deletes: [["b"]] },
      { stream: "runs", rows: [{ id: "c", steps: 3 }], updates: [{ id: "c", steps: 4 }] },
    ]);
    const cells = "select id || ' ' || steps from runs where not _deleted order by id";
    expect(await fixture.texts(cells)).toEqual(["a 2", "c 4"]);
  });

  test("that a column cannot hold, or that lack part of the key, go into quarantine", async () => {
    const session = await fixture.session([runs]);
    const updates = [{ id: "a", steps: "many" }, { steps: 1 }];
    const written = await session.write([{ stream: "runs", rows: [{ id: "a" }], updates }]);
    expect(countsOf(written)).toEqual({ inserted: 1, rejected: 2 });
  });
});
