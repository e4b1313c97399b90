import type { DemoService } from "../demo-service.ts";
import { withBody } from "../http-server.ts";
import { demoWorkspace } from "./demo-workspace.ts";
import { countlyService } from "./service.ts";

/** An emulated Countly Enterprise server with the demo's apps. */
export function countlyDemo(): DemoService {
  const workspace = demoWorkspace();
  const [app] = workspace.apps;
  return {
    source: "countly",
    listener: withBody(countlyService({ workspace, edition: "enterprise" })),
    settings: { api_key: workspace.admin.apiKey, app_id: "*" },
    change() {
      for (const name of ["Mary Jackson", "Dorothy Vaughan"]) app?.addUser({ name });
      return "one app got two new users; only active users are read";
    },
  };
}
