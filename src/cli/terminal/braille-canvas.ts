/** A cell: text or lines of the axes, or dots of one curve. */
interface Cell {
  dots: number;
  text: string;
  /** The curve that was drawn here last. */
  curve: number | undefined;
}

/** Dots in a cell of a terminal: 2 by 4, as Braille has them. */
export const cellDots = { width: 2, height: 4 } as const;

/** The bit of each dot in U+2800 and what follows, by row and column. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** How a cell in which a curve passes is shown. */
export type PaintCurve = (braille: string, curve: number) => string;

/** A grid of characters in which curves are drawn in dots. What is outside is not drawn. */
export class BrailleCanvas {
  readonly #rows: readonly (readonly Cell[])[];

  constructor(columns: number, rows: number) {
    const row = (): Cell[] =>
      Array.from({ length: columns }, () => ({ dots: 0, text: " ", curve: undefined }));
    this.#rows = Array.from({ length: rows }, row);
  }

  /** Writes from a cell to the right. */
  write(text: string, column: number, row: number): void {
    for (const [index, character] of Array.from(text).entries()) {
      const cell = this.#rows[row]?.[column + index];
      if (cell) cell.text = character;
    }
  }

  /** The character at a cell. */
  characterAt(column: number, row: number): string {
    return this.#rows[row]?.[column]?.text ?? "";
  }

  /** A straight line of dots, both ends included. */
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

  /** The lines of text, without spaces at their ends. */
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
    // A cell has one colour: whoever comes last has it.
    cell.dots |= bit;
    cell.curve = curve;
  }
}
