import type { ServiceKind } from "./service.ts";
import { countlyServer } from "./services/countly.ts";
import { opikPages, opikStream } from "./services/opik.ts";
import { wandbGraphql } from "./services/wandb.ts";

/** The kinds of services, which rounds use in turn. Add a new one here. */
export const services: readonly ServiceKind[] = [
  opikPages,
  wandbGraphql,
  opikStream,
  countlyServer,
];
