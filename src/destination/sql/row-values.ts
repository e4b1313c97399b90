import type { SqlValue } from "./sql-value.ts";

/** Arrays of more than 128 KiB cost Node many times what small ones do. */
const valuesPerPiece = 8192;

/** The values of rows, as the driver takes them, one row after the other in pieces that hold whole rows. */
export class RowValues {
  /** How many values a row has. */
  readonly width: number;
  readonly pieces: SqlValue[][] = [];
  readonly #rowsPerPiece: number;
  #count = 0;

  constructor(width: number) {
    this.width = width;
    this.#rowsPerPiece = Math.max(1, Math.floor(valuesPerPiece / width));
  }

  /** How many rows there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds a row that `append` puts at the end of a piece; where that throws, having appended nothing, there is none. */
  add(append: (piece: SqlValue[]) => void): void {
    const last = this.pieces.at(-1);
    const piece = last && this.#count % this.#rowsPerPiece !== 0 ? last : [];
    append(piece);
    if (piece !== last) this.pieces.push(piece);
    this.#count += 1;
  }

  /** Adds a row of others. */
  addFrom(others: RowValues, row: number): void {
    this.add((piece) => {
      for (let column = 0; column < this.width; column += 1) piece.push(others.value(row, column));
    });
  }

  value(row: number, column: number): SqlValue {
    const piece = this.pieces[Math.floor(row / this.#rowsPerPiece)];
    return piece?.[(row % this.#rowsPerPiece) * this.width + column] ?? null;
  }

  /** A part of the rows. */
  slice(from: number, to: number): RowValues {
    const some = new RowValues(this.width);
    for (let row = from; row < to; row += 1) some.addFrom(this, row);
    return some;
  }
}
