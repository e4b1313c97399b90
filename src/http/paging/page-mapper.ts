import { createHash } from "node:crypto";
import { newRowMapper, rawColumn, type RowMapper, type RowShape } from "../../json/row-mapper.ts";
import type { Log } from "../../core/log.ts";
import { type Row, type Table, plainText } from "../../core/schema.ts";
import type { Rejected } from "../../core/source.ts";
import type { Page } from "./page.ts";

/** How the objects of a list become rows of a table. */
export interface RowDeclaration extends Table, RowShape {
  /** Columns to warn about if no object of a sync fills them: the service has changed. */
  readonly required?: readonly string[];
}

/** How many lost fields the summary names. */
const maxNames = 10;

/** The rows of a page, and the objects that are none. */
export interface MappedPage {
  readonly rows: readonly Row[];
  readonly rejected: readonly Rejected[];
  /** How many of the rejected have no key: each may be any row of the table. */
  readonly unkeyed: number;
}

/** Maps pages to rows, and logs once how the objects differ from the declaration. */
export class PageMapper {
  readonly #declaration: RowDeclaration;
  readonly #log: Log;
  readonly #mapper: RowMapper;
  readonly #reported = new Set<string>();
  #rows = 0;

  constructor(declaration: RowDeclaration, log: Log) {
    this.#declaration = declaration;
    this.#log = log;
    this.#mapper = newRowMapper(declaration);
  }

  /** The columns that tell rows apart. */
  get primaryKey(): readonly string[] {
    return this.#declaration.primaryKey;
  }

  /** Maps a page. `extra` values override columns that the objects lack or fill unreliably. */
  map(page: Pick<Page, "rows" | "number" | "unreadable">, extra: Row = {}): MappedPage {
    const { primaryKey } = this.#declaration;
    const rows: Row[] = [];
    const texts: string[] = [];
    const rejected: Rejected[] = [];
    for (const text of page.rows) {
      const row = this.#mapper.toRow(text);
      if (!row) rejected.push(reject(text, "expected a JSON object"));
      else if (primaryKey.some((column) => row[column] == null))
        rejected.push(reject(text, this.#missingKey()));
      else {
        rows.push(Object.assign(row, extra));
        texts.push(text);
      }
    }
    const unkeyed = rejected.length;
    if (page.unreadable !== undefined) rejected.push(unreadable(page));
    rejected.push(...this.#outvoted(rows, texts));
    this.#rows += rows.length;
    this.#reportNew();
    return { rows, rejected, unkeyed };
  }

  /** Of different objects with the same key on one page, the last one is stored. */
  #outvoted(rows: readonly Row[], texts: readonly string[]): Rejected[] {
    const { primaryKey } = this.#declaration;
    const rejected: Rejected[] = [];
    const last = new Map<string, number>();
    for (const [index, row] of rows.entries()) {
      const key = JSON.stringify(primaryKey.map((column) => plainText(row[column])));
      const payload = texts[last.get(key) ?? index] ?? "";
      last.set(key, index);
      if (payload === texts[index]) continue;
      const where = Object.fromEntries(primaryKey.map((column) => [column, row[column]]));
      rejected.push({ key, payload, where, reason: "another object on its page has the same key" });
    }
    return rejected;
  }

  /**
   * Warns about required columns that no row filled; call it at the end. Returns what the summary
   * should say: which fields were not stored.
   */
  end(): string | undefined {
    this.#reportEmpty();
    if (this.#keepsAll || this.#reported.size === 0) return undefined;
    const names = [...this.#reported].slice(0, maxNames).map((field) => `"${field}"`);
    const more = this.#reported.size - names.length;
    return `${this.#declaration.name}: fields that no column takes are not stored: ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  }

  #reportEmpty(): void {
    if (this.#rows === 0) return;
    const { name, required = [], fields = {} } = this.#declaration;
    for (const column of required) {
      const names = [fields[column] ?? column].flat();
      if (names.some((field) => this.#mapper.seenMembers.has(field))) continue;
      this.#log.warning(
        `${name}: no object has the field "${names.join('" or "')}"; ${column} stays empty`,
      );
    }
  }

  #missingKey(): string {
    return `expected a value in each of ${this.#declaration.primaryKey.join(", ")}`;
  }

  #reportNew(): void {
    const { name } = this.#declaration;
    for (const field of this.#mapper.unknownMembers) {
      if (this.#reported.has(field)) continue;
      this.#reported.add(field);
      this.#log.warning(
        this.#keepsAll
          ? `${name}: new field "${field}", kept in raw`
          : `${name}: field "${field}" is not stored; declare a column for it, or the column raw, or list it in "known"`,
      );
    }
  }

  /** Whether fields without a column are stored. */
  get #keepsAll(): boolean {
    return rawColumn in this.#declaration.columns;
  }
}

/** Without a key, a digest identifies the object, so that the next sync finds the same entry. */
function reject(payload: string, reason: string): Rejected {
  const digest = createHash("sha256").update(payload).digest("hex").slice(0, 32);
  return { key: JSON.stringify({ sha256: digest }), payload, reason };
}

function unreadable({
  number,
  unreadable: reason = "",
}: Pick<Page, "number" | "unreadable">): Rejected {
  return { key: JSON.stringify({ page: number }), payload: "", reason };
}
