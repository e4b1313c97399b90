import { withCallerMessage } from "../../core/caller-message.ts";
import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import type { Client } from "../../http/client.ts";
import { statusOf } from "../../http/http-error.ts";
import { apiPath } from "./client.ts";
import type { OpikConfig } from "./config.ts";
import { isMissing } from "./missing.ts";

/** What is proven about the caller. */
export interface Access {
  /**
   * Whether values arrive as they were written, even if the server redacts them for others.
   * Undefined if the server has no permissions.
   */
  readonly seesOriginals: boolean | undefined;
}

/** The permission without which a server that redacts sends `[REDACTED]`. */
const originalsPermission = "trace_original_data_view";

/** Told once to a caller who does not have it. */
export const mayBeRedacted = `opik: the key does not have the permission "${originalsPermission}"; where the server redacts values, the copy has [REDACTED]`;

/**
 * Proves that the key may read the workspace. That is necessary because the hosted service answers
 * a wrong or expired key, and a valid key of somebody who left the workspace, with the public rows:
 * everything else would look deleted.
 */
export class WorkspaceAccess {
  readonly #client: Client;
  readonly #config: OpikConfig;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<Access> | undefined;
  #first: Promise<Access> | undefined;
  /** The server has no endpoint that proves a login. */
  #hasNoProof = false;
  #hasNoPermissions = false;

  constructor(client: Client, config: OpikConfig) {
    this.#client = client;
    this.#config = config;
  }

  /**
   * Proves the login with requests that begin after this call, so that answers received before are
   * vouched for. All calls that wait share one proof. Throws a ConfigError if the key may not read
   * the workspace.
   */
  prove(): Promise<Access> {
    this.#next ??= this.#proveAfter(this.#running);
    return this.#next;
  }

  /** The first proof of this sync; proves nothing of answers that came later. */
  proveOnce(): Promise<Access> {
    this.#first ??= this.prove();
    return this.#first;
  }

  async #proveAfter(running: Promise<unknown>): Promise<Access> {
    await running.catch(() => undefined);
    const proof = Promise.all([this.#readPermissions(), this.#proveLogin()]);
    this.#running = proof;
    this.#next = undefined;
    const [seesOriginals] = await proof;
    return { seesOriginals };
  }

  async #proveLogin(): Promise<void> {
    if (this.#hasNoProof) return;
    const answer = await this.#ask("feedback-definitions");
    if (answer === "forbidden" && (await this.#ask("prompts")) !== "answered")
      throw this.#noPermission();
    if (answer === "missing") this.#hasNoProof = true;
  }

  /** Asks for a list that is not public. */
  async #ask(resource: string): Promise<"answered" | "forbidden" | "missing"> {
    try {
      const query = { page: 1, size: 1 };
      await this.#client.getJson(`${apiPath}/${resource}`, { query });
      return "answered";
    } catch (error) {
      if (statusOf(error) === 403) return "forbidden";
      if (isMissing(error)) return "missing";
      throw error;
    }
  }

  async #readPermissions(): Promise<boolean | undefined> {
    if (this.#hasNoPermissions) return undefined;
    try {
      const { value } = await this.#client.getJson(`${apiPath}/workspace-permissions`);
      return permissionsShape
        .parse(value)
        .permissions.some(
          ({ permissionName, permissionValue }) =>
            permissionName === originalsPermission && permissionValue === "true",
        );
    } catch (error) {
      if (!isMissing(error) && statusOf(error) !== 403) throw error;
      this.#hasNoPermissions = true;
      return undefined;
    }
  }

  #noPermission(): ConfigError {
    const { COMET_OPIK_WORKSPACE: workspace = "default" } = this.#config;
    return withCallerMessage(
      new ConfigError(
        `the key may not read the workspace "${workspace}": it sees only what is public; check opik.COMET_OPIK_API_KEY and opik.COMET_OPIK_WORKSPACE, and that its owner is a member of the workspace`,
      ),
    );
  }
}

const permissionsShape = z
  .object({
    permissions: z.array(
      z.object({ permissionName: z.string(), permissionValue: z.coerce.string() }),
    ),
  })
  .catch({ permissions: [] });

/**
 * Keeps values that were copied whole from being overwritten by redacted ones: a caller who saw the
 * originals and does not any more stops the sync.
 */
export class RedactionGuard {
  #sawOriginals: boolean;

  /** @param sawOriginals - Whether an earlier sync saw them. */
  constructor(sawOriginals: boolean) {
    this.#sawOriginals = sawOriginals;
  }

  /** Whether values may be replaced by redacted ones. */
  get isNeeded(): boolean {
    return this.#sawOriginals;
  }

  /** Throws a ConfigError if the permission was there and is gone. */
  check({ seesOriginals }: Access): void {
    if (this.#sawOriginals && seesOriginals !== true)
      throw withCallerMessage(
        new ConfigError(
          `opik: the key has lost the permission "${originalsPermission}"; the server may send [REDACTED] in place of values, so the copy is left as it is; give the permission back, or copy redacted values from now on after "state reset"`,
        ),
      );
    this.#sawOriginals ||= seesOriginals === true;
  }
}
