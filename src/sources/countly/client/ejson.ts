/**
 * Removes the wrappers in which the database viewer sends types that JSON lacks: `{"$date":"…"}`
 * becomes its text, `{"$numberLong":"1"}` its number, as the other endpoints send them.
 *
 * @see https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
 */
export function unwrapEjson(json: string): string {
  if (!json.includes('"$')) return json;
  return json
    .replace(wrappedNumber, (_match, digits: string) => digits)
    .replace(wrappedText, (_match, text: string) => text.replace(wholeSecond, '$1.000Z"'));
}

// These cannot match inside a string: there, every quote is preceded by a backslash.
const wrappedNumber =
  /\{\s*"\$number(?:Int|Long|Double|Decimal)"\s*:\s*"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"\s*\}/g;
const wrappedText =
  /\{\s*"\$(?:date|oid|numberDouble|numberDecimal)"\s*:\s*("[^"\\]*(?:\\.[^"\\]*)*"|-?\d+)\s*\}/g;

/** EJSON omits the milliseconds if they are 0; the other endpoints do not. */
const wholeSecond = /^("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"$/;
