import { visibleLine } from "../core/visible-text.ts";
import type { Cell } from "./blocks.ts";

/** A text is cut here: a report is for an overview. */
const maxText = 200;

/** Values of the database for a page: marks that could disguise a text are shown. */
export function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean") return value;
  if (value instanceof Date) return value.toISOString();
  const text = typeof value === "string" ? value : (JSON.stringify(value) as string | undefined);
  const visible = visibleLine(text ?? "");
  return visible.length > maxText ? `${visible.slice(0, maxText - 1)}…` : visible;
}

/** A number, also if the driver returns it as text; `null` if it is none. */
export function toNumber(value: unknown): number | null {
  if (value === null || value === undefined || value === "" || typeof value === "boolean")
    return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
