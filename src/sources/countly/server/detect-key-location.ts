import { TransientError } from "../../../core/errors.ts";
import type { SourceContext } from "../../../core/source.ts";
import { httpErrorOf } from "../../../http/http-error.ts";
import { allAppsPath, firstPageParams } from "./app-list.ts";
import type { CountlyConfig } from "../client/config.ts";
import { anonymousClient } from "../client/countly-client.ts";

export interface KeyLocationOptions {
  readonly config: CountlyConfig;
  readonly context: SourceContext;
  /** Whether the server took the key from a form before: then it is the key, or the moment, that is wrong. */
  readonly wasTaken: boolean;
}

/**
 * Whether a server that refused a form with the key may look for it in the URL: where it knows no POST, or says to a form without the key the
 * same as to one with it. Asked without the key, which so far is in no URL. Throws a TransientError where the service fails just then.
 */
export async function expectsKeyInUrl(
  error: unknown,
  question: KeyLocationOptions,
): Promise<boolean> {
  const { status = 0, message = "" } = httpErrorOf(error) ?? {};
  if (isMissingEndpoint(status)) return await acceptsGet(question);
  const isRefused = !question.wasTaken && (status === 401 || status === 403);
  const isMissed = [400, 401, 403, 422].includes(status) && /key|token/i.test(message);
  return (isRefused || isMissed) && (await anonymousFormError(question)) === message;
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

/** What the server says, and its status, to a form without a key; undefined where it does not refuse it. */
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
    const failure = httpErrorOf(error);
    return failure?.kind === "status" ? failure.message : undefined;
  }
}

/** Whether nothing is there, or nothing that takes a POST. */
function isMissingEndpoint(status: number): boolean {
  return [404, 405, 501].includes(status);
}
