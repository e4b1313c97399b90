import { expect, test } from "vitest";
import { SourceError } from "../../../src/core/errors.ts";
import { listStreamedItems } from "../../../src/sources/opik/streamed-items.ts";
import { answer } from "../../support/faults.ts";
import { testClient } from "../../support/http-client.ts";
import { startServer } from "../../support/http-server.ts";

test("a stream that shows the same page for ever ends with an error, after it was asked twice", async () => {
  await using server = await startServer(answer('{"id":"b"}\n{"id":"a"}\n'));
  const dataset = {
    ...{ id: "d", name: "set", hasOwnName: true, items: 2 },
    ...{ versionHash: undefined, fingerprint: undefined },
  };
  const shown: string[] = [];
  const walk = async (): Promise<void> => {
    for await (const { rows } of listStreamedItems(testClient(server.url), dataset, { size: 2 }))
      shown.push(...rows);
  };
  await expect(walk()).rejects.toThrow(SourceError);
  await expect(walk()).rejects.toThrow(/a page came again; the pages do not go on/);
  expect(shown).toEqual(['{"id":"b"}', '{"id":"a"}', '{"id":"b"}', '{"id":"a"}']);
  expect(server.requests).toHaveLength(4);
});
