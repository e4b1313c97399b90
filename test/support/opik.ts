import { listen, type RunningServer } from "../../src/emulators/http-server.ts";
import { opikService } from "../../src/emulators/opik/service.ts";
import type { RecordedRequest, OpikServiceOptions } from "../../src/emulators/opik/service.ts";
import type { OpikFaults } from "../../src/emulators/opik/faults.ts";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";

export interface Opik extends RunningServer {
  readonly workspace: OpikWorkspace;
  /** Every request so far, oldest first. */
  readonly requests: RecordedRequest[];
  readonly traps: OpikFaults;
}

export interface StartOptions extends Omit<OpikServiceOptions, "requests"> {
  readonly workspace?: OpikWorkspace;
}

/** A stand-in for Opik on a free port: self-hosted unless there is a `login`, and empty unless there is a `workspace`. */
export async function startOpik(options: StartOptions = {}): Promise<Opik> {
  const { workspace = new OpikWorkspace(), faults = {} } = options;
  const requests: RecordedRequest[] = [];
  const listening = await listen(opikService(workspace, { ...options, faults, requests }));
  return { ...listening, workspace, requests, traps: faults };
}
