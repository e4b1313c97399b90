import { withCallerMessage } from "../../../core/caller-message.ts";
import { ConfigError } from "../../../core/errors.ts";
import type { Environment } from "../../../core/source.ts";
import { authorizeUrl, cloudUrl, deploymentOf, machinesOf } from "./cloud.ts";
import { netrcPath, readNetrcPassword } from "../../../http/netrc.ts";

/** What decides which key is used. */
interface LoginConfig {
  readonly api_key?: string | undefined;
  readonly base_url: string;
}

/**
 * The configured API key, or the one that `wandb login` saved for the host. Without an environment,
 * nothing but the configuration counts. Throws a ConfigError if there is no key.
 */
export function requireApiKey(
  { api_key: configured, base_url: baseUrl }: LoginConfig,
  env: Environment | undefined,
): string {
  if (configured !== undefined) return configured;
  const keysAre = `keys are at ${authorizeUrl(baseUrl)}`;
  if (env === undefined)
    throw withCallerMessage(new ConfigError(`wandb.api_key: missing; set it (${keysAre})`));
  if (!isPrivate(new URL(baseUrl)))
    throw new ConfigError(
      "wandb.api_key: missing; set it or WANDB_API_KEY, or use https: a key of `wandb login` is not sent over http to another machine",
    );
  const machines = machinesOf(baseUrl);
  const path = netrcPath(env);
  const key = readNetrcPassword(path, machines);
  if (key !== undefined) return key;
  const host = deploymentOf(baseUrl) === cloudUrl ? "" : ` --host ${baseUrl}`;
  throw new ConfigError(
    `wandb.api_key: missing; set it or WANDB_API_KEY, or run \`wandb login${host}\` (${path} has no key for ${machines.join(" or ")}; ${keysAre})`,
  );
}

/** Whether nobody on the network can read what is sent: it is encrypted, or stays here. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
