import type { RequestHandler } from "../../src/emulators/http-server.ts";
import type { Exchange } from "../chaos/http-proxy.ts";
import type { Random } from "../support/random.ts";
import { bodyGarbles } from "./garbles/body.ts";
import { connectionGarbles } from "./garbles/connection.ts";
import { encodingGarbles } from "./garbles/encoding.ts";
import { headerGarbles } from "./garbles/headers.ts";
import { shapeGarbles } from "./garbles/shape.ts";
import { statusGarbles } from "./garbles/status.ts";

/** The response that is to be garbled, and what it may give away. */
export interface GarbleOptions {
  readonly exchange: Exchange;
  readonly random: Random;
  /** The key that the program sent. */
  readonly secret: string;
}

/** A response that is wrong on purpose. */
export interface GarbledAnswer {
  readonly respond: RequestHandler;
  /**
   * Whether it may be a well-formed response that says something untrue, such as a list without one
   * of its elements. Nothing tells it from a true one, so what is deleted after it proves nothing.
   */
  readonly mayLie?: boolean;
  /** What exactly was changed, for the message of a failure. */
  readonly detail?: string;
}

/** A way to garble a response; undefined if it does not apply to this one. */
export type Garble = (options: GarbleOptions) => GarbledAnswer | undefined;

/** The ways to garble a response, by name. */
export type Garbles = Readonly<Record<string, Garble>>;

const families: readonly Garbles[] = [
  statusGarbles,
  headerGarbles,
  encodingGarbles,
  connectionGarbles,
  bodyGarbles,
  // Most of what a source must understand is in here.
  ...[shapeGarbles, shapeGarbles, shapeGarbles],
];

/** Garbles a response in a random way, which may be a lie only if that is wanted. */
export function garbled(
  options: GarbleOptions,
  lies: boolean,
): GarbledAnswer & { readonly name: string } {
  for (;;) {
    const [name, garble] = options.random.pick(Object.entries(options.random.pick(families)));
    const answer = garble(options);
    if (!answer || (answer.mayLie === true && !lies)) continue;
    const { method, url } = options.exchange.request;
    const detail = answer.detail === undefined ? "" : ` (${answer.detail})`;
    return { ...answer, name: `${method} ${url.pathname}: ${name}${detail}` };
  }
}
