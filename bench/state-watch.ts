import Database from "better-sqlite3";
import { migrate } from "../src/destination/sql/migrate.ts";
import { openSqlite } from "../src/destination/sqlite/dialect.ts";

/** How much state a pipeline has, in bytes of the checkpoints' text. */
interface StateSize {
  /** Written in all, each time again that a checkpoint was. */
  readonly written: number;
  /** Stored now. */
  readonly stored: number;
}

const table = "_bench_state";

/** What the triggers count of a row: the text of the checkpoint, and its name. */
const rowBytes = "length(cast(ifnull(new.checkpoint, '') || new.partition as blob))";

/**
 * Watches how much state is written to a SQLite file, by triggers in that file: whatever a program
 * does, each checkpoint that reaches the table is counted, overwritten or not.
 */
export class StateWatch {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Creates the file, with rivulet's own tables. */
  static async create(path: string): Promise<StateWatch> {
    const options = { busyMs: 0, thread: false };
    await using dialect = openSqlite(`sqlite:${path}`, options);
    await dialect.write("migrate", (tx) => migrate(dialect, tx));
    const count = `begin update ${table} set bytes = bytes + ${rowBytes}; end`;
    using db = closing(new Database(path));
    db.value.exec(`
      create table ${table} (bytes integer not null);
      insert into ${table} values (0);
      create trigger ${table}_insert after insert on _rivulet_state ${count};
      create trigger ${table}_update after update on _rivulet_state ${count};`);
    return new StateWatch(path);
  }

  /** What was written so far, and is stored now. */
  size(): StateSize {
    using db = closing(new Database(this.#path, { readonly: true }));
    const stored = "select sum(length(cast(checkpoint as blob))) from _rivulet_state";
    const row = db.value
      .prepare<[], StateSize>(`select bytes as written, (${stored}) as stored from ${table}`)
      .get();
    if (!row) throw new Error(`${table} has no row`);
    return row;
  }
}

function closing(value: Database.Database): Disposable & { readonly value: Database.Database } {
  return { value, [Symbol.dispose]: () => value.close() };
}
