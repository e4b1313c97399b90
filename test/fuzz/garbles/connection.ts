import {
  cutChunks,
  resetBeforeHeaders,
  resetInBody,
  resetInHeaders,
  shortOfContentLength,
  silence,
  silenceInBody,
  slowDrip,
} from "../../support/faults.ts";
import type { Garbles } from "../garble.ts";
import { raw } from "./raw-response.ts";

/** Connections that break, stall or speak something else. */
export const connectionGarbles: Garbles = {
  "a reset before the headers": () => ({ respond: resetBeforeHeaders }),
  "a reset in the headers": () => ({ respond: resetInHeaders }),
  "a reset in the body": ({ exchange: { body } }) => ({ respond: resetInBody(body) }),
  "a reset after the body": ({ exchange: { body } }) => ({ respond: raw({ body, then: "reset" }) }),
  "an end before the length": ({ exchange: { body } }) => ({ respond: shortOfContentLength(body) }),
  "an end before the last chunk": ({ exchange: { body } }) => ({ respond: cutChunks(body) }),
  "a body without a length": ({ exchange: { body } }) => ({ respond: raw({ headers: [], body }) }),
  // Each of them lasts as long as its deadline.
  "a wait without end": ({ exchange: { body }, random }) => {
    if (!random.oneIn(3)) return undefined;
    return { respond: random.pick([silence, silenceInBody(body), slowDrip(50), drippingHeaders]) };
  },
  "another protocol": ({ random }) => ({
    respond: (_request, { socket }) => {
      socket?.end(
        random.pick([
          "\x16\x03\x01\0\xa5\x01",
          "SSH-2.0-x\r\n",
          "220 mail\r\n",
          "\0\0\x12\x04",
          "",
        ]),
      );
    },
  }),
};

const drippingHeaders = raw({ headers: ["x: 1", "y"], then: "stall" });
