import { expect, test } from "vitest";
import { newLog } from "../../../src/core/log.ts";
import { PageMapper } from "../../../src/http/paging/page-mapper.ts";

const columns = { id: "string", name: "string" } as const;

function mapPage(...rows: string[]) {
  const log = newLog(() => undefined);
  const mapper = new PageMapper({ name: "things", columns, primaryKey: ["id"] }, log);
  return mapper.map({ rows, number: 1 });
}

test("of different objects with one key on a page, the last is stored and the others are rejected", () => {
  const { rejected } = mapPage(
    '{"id":"x","name":"a"}',
    '{"id":"y","name":"b"}',
    '{"id":"x","name":"c"}',
  );
  expect(rejected).toEqual([
    {
      key: '["x"]',
      payload: '{"id":"x","name":"a"}',
      where: { id: "x" },
      reason: "another object on its page has the same key",
    },
  ]);
});

test("an object that is sent twice as it is is not rejected", () => {
  expect(mapPage('{"id":"x","name":"a"}', '{"id":"x","name":"a"}').rejected).toEqual([]);
});
