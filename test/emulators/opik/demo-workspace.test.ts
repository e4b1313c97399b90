import { expect, test } from "vitest";
import { OpikClock } from "../../../src/emulators/opik/clock.ts";
import { demoWorkspace } from "../../../src/emulators/opik/demo-workspace.ts";
import type { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";

test("the demo workspace holds 6 projects, 12 datasets and about 2,500 items", () => {
  const { projects, datasets } = demoWorkspace();
  const items = datasets.reduce((total, { size }) => total + size, 0);

  expect([projects.length, datasets.length]).toEqual([6, 12]);
  expect(items).toBeGreaterThan(2400);
  expect(items).toBeLessThan(2600);
  expect(datasets.filter(({ size }) => size === 0)).toHaveLength(1);
});

test("every item of the demo workspace is JSON with a UUIDv7 and ordered timestamps", () => {
  for (const text of itemTexts(demoWorkspace())) {
    const item: unknown = JSON.parse(text);
    expect(item).toMatchObject({
      id: expect.stringMatching(
        /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/,
      ) as unknown,
    });
    const [created, updated] = ["created_at", "last_updated_at"].map((name) => instant(item, name));
    expect(updated! >= created!).toBe(true);
  }
});

test("timestamps of the demo workspace have 0, 3, 6 and 9 decimals", () => {
  const digits = itemTexts(demoWorkspace()).map(
    (text) => instant(JSON.parse(text), "created_at").length,
  );

  expect([...new Set(digits)].sort((a, b) => a - b)).toEqual([19, 23, 26, 29]);
});

test("the clock's ids and timestamps increase", () => {
  const clock = new OpikClock();
  const ids = Array.from({ length: 500 }, () => clock.nextId());
  const instants = Array.from({ length: 500 }, () => clock.nextInstant().slice(0, -1));

  expect(ids.toSorted()).toEqual(ids);
  expect(instants.toSorted()).toEqual(instants);
});

function itemTexts({ datasets }: OpikWorkspace): string[] {
  return datasets.flatMap((dataset) =>
    dataset.itemsAt(dataset.versions.length).map(({ text }) => text),
  );
}

/** A timestamp without its Z, so that text sorts by time. */
function instant(item: unknown, name: string): string {
  const value: unknown =
    typeof item === "object" && item !== null ? Reflect.get(item, name) : undefined;
  return String(value).slice(0, -1);
}
