import { describe, expect, test } from "vitest";
import { findGoneItems } from "../../../src/engine/listing/gone-items.ts";
import { listItems } from "../../../src/engine/listing/list-items.ts";
import { Random } from "../../support/random.ts";
import { testSeed } from "../../support/test-seed.ts";
import { ChangingService, type ServiceOptions } from "./changing-service.ts";

const settings: Readonly<Record<string, Omit<ServiceOptions, "size" | "page">>> = {
  "at rest": { rate: 0 },
  "a change in ten requests": { rate: 0.1 },
  "a change in every request": { rate: 1 },
  "three changes in every request": { rate: 3 },
  "many items in one second": { rate: 1, tieShare: 0.9 },
  "more items in one second than in a page": { rate: 1, tieShare: 0.985 },
  "hidden items": { rate: 0, hiddenShare: 0.05 },
  "blocks of hidden items, longer than a page": { rate: 1, hiddenBlock: 60 },
  "empty pages": { rate: 1, emptyPages: "longer" },
  "the order is ignored": { rate: 1, ignoresOrder: true },
};
const unproven: typeof settings = {
  "every answer begins with an empty page": { rate: 1, emptyPages: "always" },
  "filters are ignored": { rate: 1, ignoresFilters: true },
  "filters are ignored, and so is a descending order": {
    ...{ rate: 1, ignoresFilters: true, ignoresDescending: true },
  },
  "the filter by time matches nothing": { rate: 1, matchesNothing: true },
};

/** Services, each listed three times. `LISTING_CASES` sets how many per setting. */
const cases = Number(process.env["LISTING_CASES"] ?? 6);

describe.each(Object.entries(settings))("%s", (_name, setting) => {
  test.each(seeds())("what exists all the time is shown (seed %i)", async (seed) => {
    const random = new Random(seed);
    const service = newService(setting, random);
    const ledger = new Set<string>();
    for (let sync = 0; sync < 3; sync += 1) {
      if (sync > 0) for (let change = 0; change < 6; change += 1) service.change();
      const result = await syncOnce(service, ledger);
      expect(result.doubt).toBeUndefined();
      expect(result.missed, "items that were not shown").toEqual([]);
      expect(result.markedLiving, "existing items that were taken for deleted").toEqual([]);
      expect(result.keptDeleted, "deleted items that were not noticed").toEqual([]);
      // Apart from each page: hidden items are looked for, and their ranges halved.
      expect(result.requests).toBeLessThan(6 * result.pages + 100);
    }
  });
});

describe.each(Object.entries(unproven))("%s", (_name, setting) => {
  test.each(seeds())("nothing is proven, and that is said (seed %i)", async (seed) => {
    const service = newService(setting, new Random(seed));
    const { doubt, markedLiving } = await syncOnce(service, new Set());
    expect(doubt).toMatch(/filter|empty/);
    expect(markedLiving).toEqual([]);
  });
});

test("20,000 unchanged items cost 22 requests at most", async () => {
  const random = new Random(testSeed);
  const service = new ChangingService({ rate: 0, size: 20_000, page: 1000 }, random);
  const { items, doubt } = await listItems(service, 0);
  expect(doubt).toBeUndefined();
  expect(items.size).toBe(20_000);
  expect(service.requests, `seed ${testSeed}`).toBeLessThanOrEqual(22);
});

test("more hidden items than before are found where they are", async () => {
  const random = new Random(testSeed);
  const service = new ChangingService(
    { rate: 0, size: 5000, page: 1000, hiddenShare: 0.001 },
    random,
  );
  const hidden = 5000 - service.visible().length;
  expect((await listItems(service, 0)).hidden).toBe(hidden);
  const before = service.requests;
  expect((await listItems(service, hidden)).hidden).toBe(hidden);
  expect(service.requests - before, "known ones are not looked for").toBeLessThanOrEqual(7);
});

function seeds(): number[] {
  return Array.from({ length: cases }, (_, index) => testSeed + index);
}

function newService(
  setting: Omit<ServiceOptions, "size" | "page">,
  random: Random,
): ChangingService {
  const sizes = { size: random.between(60, 400), page: random.between(15, 50) };
  return new ChangingService({ ...setting, ...sizes }, random);
}

/** One sync: a listing, and questions by name about what it lacks. */
async function syncOnce(service: ChangingService, ledger: Set<string>) {
  service.disturbed.clear();
  service.requests = 0;
  const [visible, absent] = [new Set(service.visible()), new Set(service.absent())];
  const pages = Math.ceil(service.size / service.page);
  const { items, doubt } = await listItems(service, 0);
  const missing = [...ledger].filter((id) => !items.has(id));
  const gone =
    doubt === undefined && missing.length > 0
      ? await findGoneItems(service, missing, [...items.keys()])
      : new Set<string>();
  const isDisturbed = (id: string): boolean => service.disturbed.has(id);
  const result = {
    doubt,
    missed: [...visible].filter((id) => !isDisturbed(id) && !items.has(id)),
    markedLiving: [...gone].filter((id) => visible.has(id) && !isDisturbed(id)),
    keptDeleted: [...ledger].filter((id) => absent.has(id) && !isDisturbed(id) && !gone.has(id)),
    requests: service.requests,
    pages,
  };
  for (const id of items.keys()) ledger.add(id);
  for (const id of gone) ledger.delete(id);
  return result;
}
