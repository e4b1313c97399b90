import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Row } from "../../src/core/schema.ts";
import { newPostgres } from "../support/databases.ts";
import { TransactionPooler } from "../support/transaction-pooler.ts";
import { countsOf, openRuns, throughPort, useDatabase } from "./fixture.ts";

const few: readonly Row[] = [
  { id: "a", project: "NULL", steps: null, loss: 0.1, raw: '{"ü": 1}' },
  { id: "é", project: null, steps: 1, loss: null, raw: null },
];
/** So many that they pass through COPY. */
const many: readonly Row[] = Array.from({ length: 300 }, (_, index) => ({
  ...{ id: `r${index}`, project: "ü", steps: null },
}));

describe("behind a pooler that resets nothing", () => {
  const fixture = useDatabase(newPostgres);
  let pooler: TransactionPooler;
  let other: Client;

  beforeEach(async () => {
    pooler = await TransactionPooler.start({ target: new URL(fixture.database.url), size: 1 });
    other = new Client({ connectionString: pooler.url.href });
    await other.connect();
  });
  afterEach(async () => {
    await other.end();
    await pooler[Symbol.asyncDispose]();
  });

  test.each([
    "set array_nulls to off",
    "set client_encoding to 'LATIN1'",
    "set extra_float_digits to -15",
    "set bytea_output to 'escape'",
    "set intervalstyle to 'iso_8601'",
    "set xmlbinary to 'hex'",
    "set default_transaction_isolation to 'serializable'",
    "set statement_timeout to '1s'",
    "create temporary table _rivulet_state (x integer)",
  ])("values are stored as they are, although another program leaves: %s", async (trace) => {
    await other.query(trace);
    const url = throughPort(fixture.database, Number(pooler.url.port));
    await using connection = await openRuns(url);
    const write = async (rows: readonly Row[]) =>
      countsOf(await connection.session.write([{ stream: "runs", rows }]));
    expect(await write(few)).toEqual({ inserted: 2 });
    expect(await write(many)).toEqual({ inserted: 300 });
    expect(await write([...few, ...many])).toEqual({ unchanged: 302 });
    const stored = await fixture.database.query(
      'select id, project, steps, loss, raw from runs order by id collate "C"',
    );
    expect(stored).toHaveLength(302);
    expect(stored[0]).toEqual({
      id: "a",
      project: "NULL",
      steps: null,
      loss: "0.1",
      raw: '{"ü": 1}',
    });
    expect(stored.at(-1)).toEqual({ id: "é", project: null, steps: "1", loss: null, raw: null });
    expect(
      await fixture.texts("select count(*) from runs where project = 'ü' and steps is null"),
    ).toEqual(["300"]);
  });
});
