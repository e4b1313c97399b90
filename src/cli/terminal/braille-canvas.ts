/** A character of the terminal: text (labels and axes), or dots of curves. */
interface Cell {
  /** Bits of the dots that are set. */
  dots: number;
  text: string;
  /** The curve that was drawn here last; undefined: the cell shows its text. */
  curve: number | undefined;
}

/** Dots per character: 2 by 4, as in Braille. */
export const cellDots = { width: 2, height: 4 } as const;

/** The bit of each dot, to be added to U+2800, by row and column. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** Colors the character of a cell that a curve passes through. */
type PaintCurve = (braille: string, curve: number) => string;

/** A grid of characters on which curves are drawn as dots. Ignores what lies outside. */
export class BrailleCanvas {
  readonly #rows: readonly (readonly Cell[])[];

  constructor(columns: number, rows: number) {
    const row = (): Cell[] =>
      Array.from({ length: columns }, () => ({ dots: 0, text: " ", curve: undefined }));
    this.#rows = Array.from({ length: rows }, row);
  }

  /** Writes text from a cell to the right. */
  write(text: string, column: number, row: number): void {
    for (const [index, character] of Array.from(text).entries()) {
      const cell = this.#rows[row]?.[column + index];
      if (cell) cell.text = character;
    }
  }

  /** The text of a cell, a single character; empty outside of the grid. */
  characterAt(column: number, row: number): string {
    return this.#rows[row]?.[column]?.text ?? "";
  }

  /** Draws a straight line between two points in dots, both inclusive. */
  drawLine(
    curve: number,
    [x1, y1]: readonly [number, number],
    [x2, y2]: readonly [number, number],
  ): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x2 - x1), Math.abs(y2 - y1))));
    for (let step = 0; step <= steps; step += 1) {
      this.#dot(curve, x1 + ((x2 - x1) * step) / steps, y1 + ((y2 - y1) * step) / steps);
    }
  }

  /** The grid as lines of text, without trailing spaces. */
  toLines(paint: PaintCurve): string[] {
    return this.#rows.map((cells) =>
      cells
        .map(({ dots, text, curve }) =>
          curve === undefined ? text : paint(String.fromCharCode(0x2800 + dots), curve),
        )
        .join("")
        .trimEnd(),
    );
  }

  #dot(curve: number, x: number, y: number): void {
    const [column, row] = [Math.floor(x / cellDots.width), Math.floor(y / cellDots.height)];
    const cell = this.#rows[row]?.[column];
    if (!cell) return;
    const bit = bits[Math.floor(y) % cellDots.height]?.[Math.floor(x) % cellDots.width] ?? 0;
    // A cell has one color: that of the curve that is drawn last.
    cell.dots |= bit;
    cell.curve = curve;
  }
}
