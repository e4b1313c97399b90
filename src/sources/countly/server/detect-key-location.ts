import { TransientError } from "../../../core/errors.ts";
import type { SourceContext } from "../../../core/source.ts";
import { httpErrorOf } from "../../../http/http-error.ts";
import type { CountlyConfig } from "../client/config.ts";
import { anonymousClient } from "../client/countly-client.ts";
import { allAppsPath, firstPageParams } from "./app-list.ts";

interface KeyLocationOptions {
  readonly config: CountlyConfig;
  readonly context: SourceContext;
  /**
   * Whether an earlier sync sent the key in a form: then its location is not why it is refused.
   */
  readonly wasAccepted: boolean;
}

/**
 * Whether a server that refused a form with the key may expect the key in the URL. It may if it
 * does not accept POST, or if it responds to a form without the key with the same message.
 *
 * The probes are sent without the key, to keep it out of URLs. Throws a TransientError if the
 * service is failing.
 */
export async function expectsKeyInUrl(
  error: unknown,
  options: KeyLocationOptions,
): Promise<boolean> {
  const { status = 0, message = "" } = httpErrorOf(error) ?? {};
  if (isMissingEndpoint(status)) return await acceptsGet(options);
  const isRefused = !options.wasAccepted && (status === 401 || status === 403);
  const lacksKey = [400, 401, 403, 422].includes(status) && /key|token/i.test(message);
  return (isRefused || lacksKey) && (await anonymousFormError(options)) === message;
}

async function acceptsGet({ config, context }: KeyLocationOptions): Promise<boolean> {
  try {
    await anonymousClient(config, context).getJson(allAppsPath);
    return true;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof TransientError) throw error;
    const { status = 404 } = httpErrorOf(error) ?? {};
    return !isMissingEndpoint(status);
  }
}

/** The server's message for a form without a key; undefined if it accepts one. */
async function anonymousFormError({
  config,
  context,
}: KeyLocationOptions): Promise<string | undefined> {
  try {
    await anonymousClient(config, context).postJson(allAppsPath, { form: firstPageParams });
    return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof TransientError) throw error;
    const httpError = httpErrorOf(error);
    return httpError?.kind === "status" ? httpError.message : undefined;
  }
}

/** True if there is no such endpoint, or none that accepts POST. */
function isMissingEndpoint(status: number): boolean {
  return [404, 405, 501].includes(status);
}
