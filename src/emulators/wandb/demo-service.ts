import type { DemoService } from "../demo-service.ts";
import { withBody } from "../http-server.ts";
import { seededRandom } from "../random.ts";
import { continueTraining, demoWorkspace } from "./demo-workspace.ts";
import { wandbService } from "./service.ts";

/** An emulated W&B server with the demo's project. */
export function wandbDemo(): DemoService {
  const workspace = demoWorkspace();
  const [project] = workspace.projects;
  const apiKey = "demo-api-key-of-forty-characters-or-more";
  const counters = { runs: 0, historyRows: 0, refused: 0, maxInFlight: 0 };
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
