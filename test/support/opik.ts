import { listen, type RunningServer } from "../../src/emulators/http-server.ts";
import type { OpikFaults } from "../../src/emulators/opik/faults.ts";
import { opikService } from "../../src/emulators/opik/service.ts";
import type { OpikServiceOptions, RecordedRequest } from "../../src/emulators/opik/service.ts";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";

/** A running emulator of Opik. */
export interface Opik extends RunningServer {
  readonly workspace: OpikWorkspace;
  /** Every request so far, oldest first. */
  readonly requests: RecordedRequest[];
  readonly faults: OpikFaults;
}

/** How to start the emulator. */
export interface StartOptions extends Omit<OpikServiceOptions, "requests"> {
  readonly workspace?: OpikWorkspace;
}

/**
 * Starts an emulator of Opik on a free port: self-hosted without a `login`, empty without a
 * `workspace`.
 */
export async function startOpik(options: StartOptions = {}): Promise<Opik> {
  const { workspace = new OpikWorkspace(), faults = {} } = options;
  const requests: RecordedRequest[] = [];
  const server = await listen(opikService(workspace, { ...options, faults, requests }));
  return { ...server, workspace, requests, faults };
}
