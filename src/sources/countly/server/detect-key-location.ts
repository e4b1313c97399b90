import { TransientError } from "../../../core/errors.ts";
import type { SourceContext } from "../../../core/source.ts";
import { failureOf } from "../../../http/http-error.ts";
import { allApps, firstApps } from "./app-list.ts";
import type { CountlyConfig } from "../client/config.ts";
import { newStranger } from "../client/countly-client.ts";

export interface KeyQuestion {
  readonly config: CountlyConfig;
  readonly context: SourceContext;
  /** Whether the server took the key from a form before: then it is the key, or the moment, that is wrong. */
  readonly wasTaken: boolean;
}

/**
 * Whether a server that refused a form with the key may look for it in the URL: where it knows no POST, or says to a form without the key the
 * same as to one with it. Asked without the key, which so far is in no URL. Throws a TransientError where the service fails just then.
 */
export async function looksInUrl(error: unknown, question: KeyQuestion): Promise<boolean> {
  const { status = 0, message = "" } = failureOf(error) ?? {};
  if (isElsewhere(status)) return await answersGet(question);
  const isRefused = !question.wasTaken && (status === 401 || status === 403);
  const isMissed = [400, 401, 403, 422].includes(status) && /key|token/i.test(message);
  return (isRefused || isMissed) && (await answersStranger(question)) === message;
}

async function answersGet({ config, context }: KeyQuestion): Promise<boolean> {
  try {
    await newStranger(config, context).getJson(allApps);
    return true;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof TransientError) throw error;
    const { status = 404 } = failureOf(error) ?? {};
    return !isElsewhere(status);
  }
}

/** What the server says, and its status, to a form without a key; undefined where it does not refuse it. */
async function answersStranger({ config, context }: KeyQuestion): Promise<string | undefined> {
  try {
    await newStranger(config, context).postJson(allApps, { form: firstApps });
    return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof TransientError) throw error;
    const failure = failureOf(error);
    return failure?.kind === "status" ? failure.message : undefined;
  }
}

/** Whether nothing is there, or nothing that takes a POST. */
function isElsewhere(status: number): boolean {
  return [404, 405, 501].includes(status);
}
