import type { Garbles } from "../garble.ts";
import { echoBody } from "./echo.ts";
import { lengthOf, raw } from "./raw-response.ts";

/** Statuses that say that something does not exist, or that a feature does not. */
const absences = [404, 410, 501];

/** Statuses that no response should have, and errors that say too much. */
export const statusGarbles: Garbles = {
  "any status, the right body": ({ exchange: { body }, random }) => {
    const status = random.between(100, 599);
    return { respond: raw({ status: `${status} X`, body }), mayLie: absences.includes(status) };
  },
  "any status, the key in its body": (options) => {
    const status = options.random.between(300, 599);
    const body = echoBody(options);
    return { respond: raw({ status: `${status} X`, body }), mayLie: absences.includes(status) };
  },
  "200, an error with the key": (options) => ({ respond: raw({ body: echoBody(options) }) }),
  "an odd status line": ({ exchange: { body }, random }) => ({
    respond: raw({ status: random.pick(["0 X", "1000", "-1 X", "two hundred", ""]), body }),
  }),
  "an early hint first": ({ exchange: { body } }) => ({
    respond: raw({
      status: "103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK",
      body,
    }),
  }),
  "an error page of megabytes": ({ random }) => {
    const body = random.pick(["<", "<a ", "<script", "{", "[", '"\\u0000', " \n"]).repeat(300_000);
    return { respond: raw({ status: "500 X", headers: lengthOf(body), body }) };
  },
};
