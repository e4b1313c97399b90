import { listen, type Listening } from "../../src/emulators/http-server.ts";
import { opikService } from "../../src/emulators/opik/service.ts";
import type { OpikRequest, OpikServiceOptions } from "../../src/emulators/opik/service.ts";
import type { OpikTraps } from "../../src/emulators/opik/faults.ts";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";

export interface Opik extends Listening {
  readonly workspace: OpikWorkspace;
  /** Every request so far, oldest first. */
  readonly requests: OpikRequest[];
  readonly traps: OpikTraps;
}

export interface StartOptions extends Omit<OpikServiceOptions, "requests"> {
  readonly workspace?: OpikWorkspace;
}

/** A stand-in for Opik on a free port: self-hosted unless there is a `login`, and empty unless there is a `workspace`. */
export async function startOpik(options: StartOptions = {}): Promise<Opik> {
  const { workspace = new OpikWorkspace(), traps = {} } = options;
  const requests: OpikRequest[] = [];
  const listening = await listen(opikService(workspace, { ...options, traps, requests }));
  return { ...listening, workspace, requests, traps };
}
