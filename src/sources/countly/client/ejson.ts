/**
 * JSON without the wrappers in which the database viewer sends values that JSON has no type for: `{"$date":"…"}` becomes the text in it, and
 * `{"$numberLong":"1"}` the number, spelled as the other endpoints send them.
 *
 * @see https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
 */
export function unwrapEjson(json: string): string {
  if (!json.includes('"$')) return json;
  return json
    .replace(wrappedNumber, (_all, digits: string) => digits)
    .replace(wrappedText, (_all, text: string) => text.replace(wholeSecond, '$1.000Z"'));
}

// Inside of a string every quote has a backslash before it, so that neither can begin there.
const wrappedNumber =
  /\{\s*"\$number(?:Int|Long|Double|Decimal)"\s*:\s*"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"\s*\}/g;
const wrappedText =
  /\{\s*"\$(?:date|oid|numberDouble|numberDecimal)"\s*:\s*("[^"\\]*(?:\\.[^"\\]*)*"|-?\d+)\s*\}/g;

/** EJSON leaves out milliseconds that are none. */
const wholeSecond = /^("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"$/;
