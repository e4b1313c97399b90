import { expect, test } from "vitest";
import { SourceError } from "../../../src/core/errors.ts";
import { listStreamedItems } from "../../../src/sources/opik/streamed-items.ts";
import { respond } from "../../support/faults.ts";
import { testClient } from "../../support/http-client.ts";
import { startServer } from "../../support/http-server.ts";

test("a stream that repeats the same page fails on the second request", async () => {
  await using server = await startServer(respond('{"id":"b"}\n{"id":"a"}\n'));
  const dataset = {
    ...{ id: "d", name: "set", hasUniqueName: true, items: 2 },
    ...{ versionHash: undefined, fingerprint: undefined },
  };
  const rows: string[] = [];
  const read = async (): Promise<void> => {
    for await (const page of listStreamedItems(testClient(server.url), dataset, { size: 2 }))
      rows.push(...page.rows);
  };
  await expect(read()).rejects.toThrow(SourceError);
  await expect(read()).rejects.toThrow(/got the same page twice; the service ignores the cursor/);
  expect(rows).toEqual(['{"id":"b"}', '{"id":"a"}', '{"id":"b"}', '{"id":"a"}']);
  expect(server.requests).toHaveLength(4);
});
