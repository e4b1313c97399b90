import { ConfigError } from "../../core/errors.ts";
import { statusOf } from "../../http/http-error.ts";

/** Whether the service lacks an object or an endpoint; not if it does not know the workspace. */
export function isMissing(error: unknown): boolean {
  return !(error instanceof ConfigError) && [404, 405, 501].includes(statusOf(error) ?? 0);
}
