import type { Value } from "../../../core/schema.ts";
import type { ReadOptions } from "../../../core/source.ts";
import { parseInt64 } from "../../../json/int64.ts";
import type { Step } from "../reader/line-step.ts";
import type { ProjectScope } from "./project-scope.ts";

/** What is at no known step may be before all of them. */
const beforeAllSteps = -(2n ** 63n);

/** The runs of a project of which something is in quarantine, with the first step of that. */
export function quarantinedRuns(
  { project, multiProject }: ProjectScope,
  { quarantined = [] }: Pick<ReadOptions, "quarantined">,
): ReadonlyMap<string, Step> {
  const runs = new Map<string, Step>();
  for (const { where } of quarantined) {
    const id = where["run_id"];
    if (typeof id !== "string" || (multiProject && where["project"] !== project)) continue;
    const step = stepIn(where["step"]) ?? beforeAllSteps;
    const first = runs.get(id);
    if (first === undefined || step < first) runs.set(id, step);
  }
  return runs;
}

/** A step in a location: one that a number would round is stored as text. */
function stepIn(value: Value): Step | undefined {
  return value == null || typeof value === "object" ? undefined : parseInt64(String(value));
}
