import type { ServiceKind } from "./service.ts";
import { countlyServer } from "./services/countly.ts";
import { opikPages, opikStream } from "./services/opik.ts";
import { wandbGraphql } from "./services/wandb.ts";

/** The kinds of services that rounds take in turn. A new one is an entry here. */
export const services: readonly ServiceKind[] = [
  opikPages,
  wandbGraphql,
  opikStream,
  countlyServer,
];
