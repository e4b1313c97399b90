import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import type { Random } from "../support/random.ts";

/** What a program may leave on its session. */
const traces = [
  "set search_path to nowhere",
  "set lock_timeout to '1ms'",
  "set statement_timeout to '1s'",
  "set idle_in_transaction_session_timeout to '1s'",
  "set timezone to 'Asia/Kolkata'",
  "set datestyle to 'German, DMY'",
  "set intervalstyle to 'iso_8601'",
  "set bytea_output to 'escape'",
  "set standard_conforming_strings to off",
  "set client_encoding to 'LATIN1'",
  "set array_nulls to off",
  "set extra_float_digits to -15",
  "set xmlbinary to 'hex'",
  "set default_transaction_isolation to 'serializable'",
  "create temporary table if not exists rivulet_1 (x integer)",
  "create temporary table if not exists _rivulet_state (x integer)",
  "deallocate all; prepare theirs as select 1",
  "select pg_advisory_lock(pg_backend_pid())",
  "reset all",
] as const;

/** All that is left on a session. Those of PgBouncer itself and of the transaction are no part. */
const leftOnSession = `select pg_backend_pid() as pid, jsonb_build_object(
  'settings', (select jsonb_object_agg(name, setting) from pg_settings
    where source = 'session' and name not like 'transaction%'),
  'tables', (select jsonb_agg(relname order by relname) from pg_class
    where relnamespace = pg_my_temp_schema() and relkind = 'r'),
  'locks', (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
  'statements', (select jsonb_agg(name order by name) from pg_prepared_statements),
  'role', current_user = session_user)::text as left`;

const untouched =
  '{"role": true, "locks": 0, "tables": null, "settings": null, "statements": null}';

/** What is known to be left on each session, by the process of the server. */
export type LeftOnSessions = Map<string, string>;

interface OtherProgramOptions {
  /** The pooler. */
  readonly url: URL;
  readonly random: Random;
  /** Shared by all programs that use the pooler. */
  readonly left: LeftOnSessions;
}

/**
 * Another program behind a pooler. In each of its transactions, it checks that its session has only
 * what programs of its kind have left there, and leaves more.
 */
export class OtherProgram {
  /** What it has found that none of its kind left. */
  readonly problems: string[] = [];
  readonly #options: OtherProgramOptions;
  readonly #ended: Promise<void>;
  readonly #stopping = new AbortController();

  constructor(options: OtherProgramOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Returns after its last transaction. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  /** Connects again when the connection is lost. */
  async #run(): Promise<void> {
    const isStopping = (): boolean => this.#stopping.signal.aborted;
    while (!isStopping()) {
      const client = new Client({ connectionString: this.#options.url.href });
      client.on("error", () => undefined);
      try {
        await client.connect();
        while (!isStopping()) await this.#transact(client);
      } catch {
        await wait(20);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  async #transact(client: Client): Promise<void> {
    const { random, left } = this.#options;
    await client.query("BEGIN");
    const found = await readSession(client);
    const expected = left.get(found.pid) ?? untouched;
    if (found.left !== expected) this.problems.push(`found ${found.left}, not ${expected}`);
    await client.query(random.pick(traces));
    left.set(found.pid, (await readSession(client)).left);
    await client.query("COMMIT");
    await wait(random.between(0, 10));
  }
}

async function readSession(client: Client): Promise<{ pid: string; left: string }> {
  const { rows } = await client.query<{ pid: number; left: string }>(leftOnSession);
  return { pid: String(rows[0]?.pid), left: rows[0]?.left ?? "" };
}
