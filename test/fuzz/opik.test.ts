import { opikPages, opikStream } from "../chaos/services/opik.ts";
import { declareFuzz } from "./fuzz.ts";

declareFuzz("opik", [opikPages, opikStream]);
