import type { DemoService } from "../demo-service.ts";
import { demoWorkspace } from "./demo-workspace.ts";
import { opikService } from "./service.ts";

/** An emulated self-hosted Opik server with the demo's workspace. */
export function opikDemo(): DemoService {
  const workspace = demoWorkspace();
  return {
    source: "opik",
    listener: opikService(workspace),
    settings: {},
    change() {
      const [dataset] = workspace.datasets;
      const data = { input: "Is it raining?", expected_output: "Look outside." };
      const [added = ""] = dataset?.addItems([{ data }]) ?? [];
      dataset?.updateItem(added, { tags: ["new"] });
      // A version that was just written is read again by the next sync.
      workspace.clock.advance(60 * 60_000);
      return "one item was added; only its dataset is read";
    },
  };
}
