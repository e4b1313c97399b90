import { int64Member, type Int64 } from "../../../json/int64.ts";

/** A step of a run. */
export type Step = Int64;

/** The step of a line; undefined if it has none. */
export const stepOf = int64Member("_step");
