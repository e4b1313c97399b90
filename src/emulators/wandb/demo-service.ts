import type { DemoService } from "../demo-service.ts";
import { withBody } from "../http-server.ts";
import { seededRandom } from "../random.ts";
import { newCounters } from "./backend.ts";
import { continueTraining, demoWorkspace } from "./demo-workspace.ts";
import { wandbService } from "./service.ts";

/** An emulated W&B server with the demo's project. */
export function wandbDemo(): DemoService {
  const workspace = demoWorkspace();
  const [project] = workspace.projects;
  // The official SDK refuses keys of less than 40 characters (after the first dash).
  const apiKey = `demo_key_${"0123456789".repeat(4)}`;
  const counters = newCounters();
  const backend = { workspace, faults: {}, counters, random: seededRandom(1) };
  return {
    source: "wandb",
    listener: withBody(wandbService(backend, apiKey)),
    settings: { api_key: apiKey, entity: workspace.entity, project: project?.name ?? "" },
    change() {
      if (project) continueTraining(project, 20);
      return "one run logged 20 more steps; only these are read";
    },
  };
}
