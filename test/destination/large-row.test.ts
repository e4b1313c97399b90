import { describe, expect, test } from "vitest";
import { destinations } from "../support/databases.ts";
import { countsOf, runs, useDatabase } from "./fixture.ts";

const mebibyte = 2 ** 20;

describe.each(destinations)("a large row in %s", (_dialect, create) => {
  const fixture = useDatabase(create);

  test("that is refused and longer than any text is in quarantine, cut, with its size", async () => {
    const session = await fixture.session([runs]);
    // As JSON, each character takes six.
    const raw = "\u0001".repeat(90 * mebibyte);
    const rows = [{ id: "large", steps: "many", raw }, { id: "small" }];
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
      inserted: 1,
      rejected: 1,
    });
    expect(await fixture.texts("select reason from _rivulet_quarantine")).toEqual([
      'column "steps": expected an integer, got a string; the payload is cut: the row has 94 million characters',
    ]);
    expect(await fixture.texts("select substr(payload, 1, 42) from _rivulet_quarantine")).toEqual([
      '{"id":"large","steps":"many","raw":"\\u0001',
    ]);
    expect(await fixture.texts("select length(payload) from _rivulet_quarantine")).toEqual([
      String(128 * mebibyte + 1),
    ]);
  });
});
