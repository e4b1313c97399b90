import { createHash } from "node:crypto";
import { newRowMapper, type RowMapper, type RowShape } from "../../json/row-mapper.ts";
import type { Log } from "../../core/log.ts";
import type { Row, Table } from "../../core/schema.ts";
import type { Rejected } from "../../core/source.ts";
import type { Page } from "./page.ts";

/** How the objects of a list become rows of a table. */
export interface RowDeclaration extends Table, RowShape {
  /** Columns that every object should fill; when no object of a sync does, the service has changed. */
  readonly required?: readonly string[];
}

export interface MappedPage {
  readonly rows: readonly Row[];
  readonly rejected: readonly Rejected[];
}

/** Makes rows of pages, and reports once how the objects differ from what was declared. */
export class PageMapper {
  readonly #declaration: RowDeclaration;
  readonly #log: Log;
  readonly #reader: RowMapper;
  readonly #reported = new Set<string>();
  #rows = 0;

  constructor(declaration: RowDeclaration, log: Log) {
    this.#declaration = declaration;
    this.#log = log;
    this.#reader = newRowMapper(declaration);
  }

  /** The rows of a page; `also` are values of columns that the objects do not have, or not reliably. */
  map(page: Pick<Page, "rows" | "number" | "unreadable">, also: Row = {}): MappedPage {
    const { primaryKey } = this.#declaration;
    const rows: Row[] = [];
    const rejected: Rejected[] = page.unreadable === undefined ? [] : [unreadable(page)];
    for (const text of page.rows) {
      const row = this.#reader.toRow(text);
      if (!row) rejected.push(reject(text, "expected a JSON object"));
      else if (primaryKey.some((column) => row[column] == null))
        rejected.push(reject(text, this.#keyless()));
      else rows.push(Object.assign(row, also));
    }
    this.#rows += rows.length;
    this.#reportNew();
    return { rows, rejected };
  }

  /** Reports required columns that no row had; to be called at the end. */
  end(): void {
    if (this.#rows === 0) return;
    const { name, required = [], fields = {} } = this.#declaration;
    for (const column of required) {
      const names = [fields[column] ?? column].flat();
      if (names.some((field) => this.#reader.seenMembers.has(field))) continue;
      this.#log.warning(
        `${name}: no object has the field "${names.join('" or "')}"; ${column} stays empty`,
      );
    }
  }

  #keyless(): string {
    return `expected a value in each of ${this.#declaration.primaryKey.join(", ")}`;
  }

  #reportNew(): void {
    for (const field of this.#reader.unknownMembers) {
      if (this.#reported.has(field)) continue;
      this.#reported.add(field);
      this.#log.warning(`${this.#declaration.name}: new field "${field}", kept in raw`);
    }
  }
}

/** Without a key, only what the thing says can name it, and say so again in the next sync. */
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
