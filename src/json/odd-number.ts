/** Below this, a double has fewer digits than otherwise. */
export const minNormal = 2 ** -1022;

/**
 * Whether a double holds a number as it was spelled, as far as its value shows: integers above 2^53
 * may have lost digits, others may have overflowed or nearly vanished.
 */
export function mayBeExact(value: number): boolean {
  if (Number.isInteger(value)) return Number.isSafeInteger(value);
  return Number.isFinite(value) && Math.abs(value) >= minNormal;
}

/**
 * Whether a line of JSON may spell a number that a double does not hold although its value looks
 * like any other: with more than 17 digits, or so small that it became 0. Asked of every line, so
 * only a few characters of each are looked at; the exact path does the rest.
 */
export function mayHaveOddNumber(line: string): boolean {
  for (let colon = line.indexOf(":"); colon >= 0; colon = line.indexOf(":", colon + 1)) {
    // 18 digits and a point reach that far, with a space, a minus or "0." before them even further.
    const end = line.charCodeAt(colon + 1) === zero ? colon + 21 : colon + 19;
    const isLong = isDigitOrPoint(line, end) && isDigitOrPoint(line, colon + 11);
    if (isLong && manyDigits.test(line.slice(colon + 1, colon + 60))) return true;
  }
  return line.includes("-") && smallExponent.test(line);
}

function isDigitOrPoint(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return (code >= zero && code <= nine) || code === point;
}

const zero = 48;
const nine = 57;
const point = 46;
const manyDigits = /^[ -]*[0.]*[1-9][\d.]{18}/;
const smallExponent = /\d[eE]-\d{3}/;
