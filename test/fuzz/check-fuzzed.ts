import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readSnapshot } from "../chaos/database-snapshot.ts";
import type { ChaosService, Keys } from "../chaos/service.ts";
import type { SqliteStorage } from "../chaos/storage.ts";
import type { FuzzedSync } from "./fuzzed-sync.ts";

interface FuzzedState {
  readonly service: ChaosService;
  readonly storage: SqliteStorage;
  /** The keys of the rows that were not deleted before the sync. */
  readonly liveBefore: Keys;
  /** Whether an answer may have said something untrue that nobody can tell. */
  readonly mayHaveLied: boolean;
}

/** The exit statuses of a sync that is neither interrupted nor in another's way. */
const statuses = [0, 1, 2, 3];

const stack = /\n\s+at |file:\/\/|node:internal|this is a bug/;

/** What is wrong after a sync whose answers were garbled; empty if nothing is. */
export async function problemsOf(sync: FuzzedSync, state: FuzzedState): Promise<string[]> {
  const { service, storage } = state;
  const text = sync.messages.join("\n");
  const stored = storedBytes(storage);
  const problems = [
    sync.isTooLate ? "it did not end in time" : undefined,
    sync.bug && `a bug: ${sync.bug}`,
    statuses.includes(sync.status) ? undefined : `it ended with ${sync.status}`,
    stack.test(text) ? `a stack in a message: ${around(text, stack)}` : undefined,
    stack.test(stored) ? `a stack in the database: ${around(stored, stack)}` : undefined,
    ...secretsIn(text, service).map((found) => `the key in a message: ${found}`),
    ...secretsIn(stored, service).map((found) => `the key in the database: ${found}`),
    ...(state.mayHaveLied ? [] : await wronglyDeleted(state)),
  ];
  return problems.filter((problem) => problem !== undefined && problem !== "") as string[];
}

/** Rows that the sync has marked as deleted although the service has them. */
async function wronglyDeleted({ service, storage, liveBefore }: FuzzedState): Promise<string[]> {
  const { rows } = await readSnapshot(storage, service.keyColumns);
  return Object.entries(service.storableKeys()).flatMap(([table, keys]) => {
    const wasLive = new Set(liveBefore[table]);
    const wrong = keys.filter(
      (key) => wasLive.has(key) && rows[table]?.get(key)?.isDeleted === true,
    );
    return wrong.length === 0 ? [] : [`${table}: deleted, though they live: ${wrong.join(", ")}`];
  });
}

function secretsIn(text: string, { secret }: ChaosService): string[] {
  const base64 = Buffer.from(`api:${secret}`).toString("base64").slice(4, -4);
  const forms = [secret, secret.slice(0, -2), encodeURIComponent(secret), base64];
  const lower = text.toLowerCase();
  return forms
    .map((form) => new RegExp(form.toLowerCase().replace(/[^a-z0-9]/g, "\\$&")))
    .filter((form) => form.test(lower))
    .slice(0, 1)
    .map((form) => around(lower, form));
}

function around(text: string, pattern: RegExp): string {
  const at = text.search(pattern);
  return text.slice(Math.max(0, at - 200), at + 200);
}

/** The database and all files beside it. */
function storedBytes({ path }: SqliteStorage): string {
  const folder = dirname(path);
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n");
}
