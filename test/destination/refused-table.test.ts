import { describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import type { Stream, StreamBatch } from "../../src/core/source.ts";
import { sync, type Summary } from "../../src/engine/sync.ts";
import { databases } from "../support/databases.ts";
import { silent, useDatabase } from "./fixture.ts";

function streamOf(name: string, batches: readonly StreamBatch[]): Stream {
  return {
    name,
    columns: { id: "integer", n: "integer" },
    primaryKey: ["id"],
    async *read() {
      for (const batch of batches) yield await Promise.resolve(batch);
    },
  };
}

const one: StreamBatch = { rows: [{ id: 1, n: 1 }], checkpoint: { read: 1 } };

describe.each(databases)("a sync to %s", (dialect, create) => {
  const fixture = useDatabase(create);
  async function syncStreams(streams: readonly Stream[]): Promise<Summary> {
    const session = await fixture.session([]);
    const progress = { started: () => undefined, wrote: () => undefined, ended: () => undefined };
    const { signal } = new AbortController();
    const options = { fullRefresh: false, startedAt: new Date(), signal, log: silent };
    const summary = await sync({
      ...{ session, streams, progress, transfer: newRequestStats() },
      ...options,
    });
    await session[Symbol.asyncDispose]();
    return summary;
  }

  test("copies the other streams if the table of one cannot be used, and ends with 2", async () => {
    await (await fixture.session([]))[Symbol.asyncDispose]();
    await fixture.database.query("create view runs as select 1 as id");
    const summary = await syncStreams([streamOf("runs", [one]), streamOf("other", [one])]);
    expect(exitStatusOfSync(summary)).toBe(2);
    expect(summary.failures.get("runs")?.message).toMatch(/found a view; rename it/);
    expect(await fixture.texts("select id from other")).toEqual(["1"]);
    await fixture.database.query("drop view runs");
    const again = await syncStreams([streamOf("runs", [one]), streamOf("other", [one])]);
    expect(exitStatusOfSync(again)).toBe(0);
    expect(await fixture.texts("select id from runs")).toEqual(["1"]);
  });

  test("copies the other streams if one cannot be written in the middle, and ends with 2", async () => {
    await (
      await fixture.session([{ name: "runs", columns: { id: "integer" }, primaryKey: ["id"] }])
    )[Symbol.asyncDispose]();
    const trigger =
      dialect === "sqlite"
        ? [
            "create trigger t after insert on runs when new.id = 2 begin select raise(rollback, 'no'); end",
          ]
        : [
            "create function f() returns trigger language plpgsql as $$ begin if new.id = 2 then perform gone(); end if; return new; end $$",
            "create trigger t before insert on runs for each row execute function f()",
          ];
    for (const statement of trigger) await fixture.database.query(statement);
    const two: StreamBatch = { rows: [{ id: 2 }], checkpoint: { read: 2 } };
    const batches = [
      { ...one, endsGroup: true },
      { ...two, endsGroup: true },
    ];
    const summary = await syncStreams([streamOf("runs", batches), streamOf("other", [one])]);
    expect(exitStatusOfSync(summary)).toBe(2);
    expect([...summary.failures.keys()]).toEqual(["runs"]);
    expect(await fixture.texts("select id from runs")).toEqual(["1"]);
    expect(await fixture.texts("select id from other")).toEqual(["1"]);
    expect(
      await fixture.texts("select checkpoint from _rivulet_state where stream = 'runs'"),
    ).toEqual(['{"read":1}']);
  });
});
