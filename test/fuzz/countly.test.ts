import { countlyServer } from "../chaos/services/countly.ts";
import { declareFuzz } from "./fuzz.ts";

declareFuzz("countly", [countlyServer]);
