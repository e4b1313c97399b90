/**
 * Parses JSON as Python writes it so that two readings of one value are equal: each number becomes
 * a text such as `number 12`.
 *
 * @param form - The text that stands for a number; `NaN` and the infinities are given, too.
 */
export function parseExact(text: string, form = numberText): unknown {
  return JSON.parse(
    text.replace(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)|-?\d[\d.eE+-]*/g, (token) =>
      token.startsWith('"') ? token : JSON.stringify(form(token)),
    ),
  ) as unknown;
}

/**
 * A number as W&B's SDK reads it. Whole numbers have all digits of their value, also when they were
 * written as doubles: 1e17, or -2^63 as JavaScript prints it.
 *
 * - Integers of 64 bits keep all digits. Greater ones are doubles for the SDK, hence here.
 * - NaN and the infinities become texts, which they are in a SQL database: its JSON has none. What
 *   a double cannot hold, such as 1e400, is infinite for the SDK.
 */
export function numberText(token: string): string {
  const number = Number(token);
  if (!Number.isFinite(number)) return String(number);
  const exact = /^-?\d+$/.test(token) ? BigInt(token) : undefined;
  if (exact !== undefined && BigInt.asIntN(64, exact) === exact) return `number ${exact}`;
  return `number ${Number.isInteger(number) ? BigInt(number) : number}`;
}
