import type { DemoService } from "../demo-service.ts";
import { withBody } from "../http-server.ts";
import { demoWorkspace, continueTraining } from "./demo-workspace.ts";
import { wandbService } from "./service.ts";
import { seededRandom } from "../random.ts";

/** A W&B server with the demo's project. */
export function wandbDemo(): DemoService {
  const workspace = demoWorkspace();
  const [project] = workspace.projects;
  const apiKey = "demo-key-of-the-stand-in";
  const counters = { runs: 0, historyRows: 0, refused: 0, maxInFlight: 0 };
  const call = { workspace, faults: {}, counters, random: seededRandom(1) };
  return {
    source: "wandb",
    listener: withBody(wandbService(call, apiKey)),
    settings: { api_key: apiKey, entity: workspace.entity, project: project?.name ?? "" },
    change() {
      if (project) continueTraining(project, 20);
      return "one run went on for 20 steps; only these are read";
    },
  };
}
