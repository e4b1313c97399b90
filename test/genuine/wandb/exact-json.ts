/**
 * Parses JSON as Python writes it so that two readings of one value are equal: each number becomes
 * a text such as `number 12`.
 *
 * - Integers of 64 bits keep all digits. Greater ones are doubles for the SDK, hence here.
 * - NaN and the infinities become texts, which they are in a SQL database: its JSON has none. What
 *   a double cannot hold, such as 1e400, is infinite for the SDK.
 */
export function parseExact(text: string): unknown {
  return JSON.parse(
    text.replace(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)|-?\d[\d.eE+-]*/g, (token) =>
      token.startsWith('"') ? token : JSON.stringify(numberText(token)),
    ),
  ) as unknown;
}

/** The form in which `parseExact` returns a number. */
export function numberText(token: string): string {
  const number = Number(token);
  if (!Number.isFinite(number)) return String(number);
  const plain = /^-?\d+$/.test(token) ? token : String(number);
  return `number ${/^-?\d+$/.test(plain) ? integerText(plain) : plain}`;
}

function integerText(digits: string): string {
  const exact = BigInt(digits);
  return BigInt.asIntN(64, exact) === exact ? String(exact) : String(Number(digits));
}
