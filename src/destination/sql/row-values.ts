import type { SqlValue } from "./sql-value.ts";

/** Arrays of more than 128 KiB cost Node many times what small ones do. */
const valuesPerPiece = 8192;

/** Encoded rows: their values one after the other, in arrays ("pieces") that hold whole rows. */
export class RowValues {
  /** Number of values per row. */
  readonly width: number;
  readonly pieces: SqlValue[][] = [];
  readonly #rowsPerPiece: number;
  #count = 0;

  constructor(width: number) {
    this.width = width;
    this.#rowsPerPiece = Math.max(1, Math.floor(valuesPerPiece / width));
  }

  /** Number of rows. */
  get count(): number {
    return this.#count;
  }

  /** Adds the row that `append` pushes. If `append` throws, it must have pushed nothing. */
  add(append: (piece: SqlValue[]) => void): void {
    const last = this.pieces.at(-1);
    const piece = last && this.#count % this.#rowsPerPiece !== 0 ? last : [];
    append(piece);
    if (piece !== last) this.pieces.push(piece);
    this.#count += 1;
  }

  /** Adds a copy of one row of `others`. */
  addFrom(others: RowValues, row: number): void {
    this.add((piece) => {
      for (let column = 0; column < this.width; column += 1) piece.push(others.value(row, column));
    });
  }

  value(row: number, column: number): SqlValue {
    const piece = this.pieces[Math.floor(row / this.#rowsPerPiece)];
    return piece?.[(row % this.#rowsPerPiece) * this.width + column] ?? null;
  }

  /** A copy of the rows from `from` (inclusive) to `to` (exclusive). */
  slice(from: number, to: number): RowValues {
    const copy = new RowValues(this.width);
    for (let row = from; row < to; row += 1) copy.addFrom(this, row);
    return copy;
  }
}
