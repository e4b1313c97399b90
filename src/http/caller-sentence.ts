import type { HttpError } from "./http-error.ts";

const sentences = {
  deferred: "the service asks for a long pause; run the sync again later",
  outage: "the service fails all requests",
  unreachable: "no connection could be made",
  connection: "the connection was lost",
  private: "the host of base_url is this machine or in a private network",
  tls: "the certificate was rejected, or the TLS handshake failed",
  timeout: "there was no complete response in time",
  broken: "a response was incomplete or invalid",
  html: "the response was a web page",
  content: "the response was not JSON",
  size: "a response was too large",
} as const satisfies Record<Exclude<HttpError["kind"], "status">, string>;

/** What happened to a request, with nothing of the response but its status. */
export function callerSentence({ kind, status = 0 }: HttpError): string {
  return kind === "status" ? `the service responded with status ${status}` : sentences[kind];
}
