import { withCallerMessage } from "../core/caller-message.ts";
import { ConfigError, SourceError, TransientError } from "../core/errors.ts";
import { callerSentence } from "./caller-sentence.ts";
import { formatDuration } from "./format-duration.ts";
import { type HttpError, isOutage, isTransient } from "./http-error.ts";

/**
 * Remedies by response status, and for a web page in place of the API:
 * `{ 401: "check opik.COMET_OPIK_API_KEY" }`.
 */
export type Remedies = Readonly<Partial<Record<number | "html", string>>>;

interface RequestContext {
  /** `GET https://host/path`. */
  readonly where: string;
  readonly attempts: number;
  readonly remedies: Remedies;
  readonly mustChange: (failure: HttpError, where: string) => boolean;
  readonly now: () => number;
  /** Whether the client has ever received what it expected: `base_url` is right. */
  readonly isUnderstood: boolean;
  /** Whether the service fails all requests. */
  readonly isOutage: boolean;
}

/**
 * The error that a request throws after its last attempt, whose HttpError is the `cause`: a
 * ConfigError, TransientError or SourceError.
 */
export function requestError(failure: HttpError, context: RequestContext): Error {
  const { kind, status = 0 } = failure;
  const needsChange = needsPerson(failure, context);
  const ownRemedy = context.remedies[kind === "html" ? kind : status];
  const remedy = (needsChange ? ownRemedy : undefined) ?? remedyFor(failure);
  const message = [`${context.where}: ${failure.message}`, gaveUp(failure, context), remedy]
    .filter((part) => part !== undefined)
    .join("; ");
  const error = newError(message, failure, { needsChange, isOutage: context.isOutage });
  const callerMessage = [callerSentence(failure), remedy].filter((part) => part !== undefined);
  return withCallerMessage(error, callerMessage.join("; "));
}

function newError(
  message: string,
  cause: HttpError,
  { needsChange, isOutage: isKnownOutage }: { needsChange: boolean; isOutage: boolean },
): Error {
  if (needsChange) return new ConfigError(message, { cause });
  if (!isTransient(cause)) return new SourceError(message, { cause });
  return new TransientError(message, { cause, isOutage: isKnownOutage || isOutage(cause) });
}

function needsPerson(failure: HttpError, context: RequestContext): boolean {
  const { where, mustChange, isUnderstood } = context;
  const { kind, status } = failure;
  // Once the API has answered, a web page is a proxy's, which may go away.
  if (kind === "html") return !isUnderstood;
  return (
    kind === "tls" ||
    kind === "private" ||
    status === 401 ||
    status === 403 ||
    mustChange(failure, where)
  );
}

function gaveUp(failure: HttpError, context: RequestContext): string | undefined {
  if (!isTransient(failure)) return undefined;
  const { attempts, now } = context;
  const { kind, requestedWaitMs = 0 } = failure;
  if (kind === "outage") return "gave up because the service fails all requests";
  if (kind !== "deferred") {
    return `gave up after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}`;
  }
  const until = new Date(now() + requestedWaitMs).toISOString().replace(/\.\d+/, "");
  return `the service asks to wait ${formatDuration(requestedWaitMs)}; try again after ${until}`;
}

function remedyFor({ kind, status, message }: HttpError): string | undefined {
  if (kind === "unreachable" || kind === "connection")
    return "check base_url and that the service is running";
  if (kind === "html") return "check base_url: it must lead to the API, not to its web pages";
  if (kind === "content") return "check base_url";
  if (kind === "tls" && /SELF_SIGNED|ISSUER|LEAF_SIGNATURE/.test(message)) {
    return "set NODE_EXTRA_CA_CERTS to the file of its CA certificate";
  }
  if (kind === "private") return "check base_url, or let serve connect to it with --allow-private";
  if (kind === "tls") return "check base_url and the certificate";
  if (status === 401) return "check the key";
  if (status === 403) return "check what the key has access to";
  return undefined;
}
