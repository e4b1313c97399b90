import http, { IncomingMessage, type ClientRequest, type RequestOptions } from "node:http";
import https from "node:https";
import axios, { type AxiosError, type InternalAxiosRequestConfig } from "axios";
import type { Deadline } from "./deadline.ts";
import { HttpError } from "./http-error.ts";
import { privateAddressCode, privateAddressError } from "./private-address.ts";
import { hostAndPort } from "./url.ts";

/**
 * Sends one request and resolves with the head of the response, whatever its status; the body is
 * not read yet. Throws an HttpError if there is no response.
 *
 * Redirects and decompression are left to the caller: axios accepts a truncated compressed body.
 */
export async function sendRequest(
  config: InternalAxiosRequestConfig,
  deadline: Deadline,
): Promise<IncomingMessage> {
  let connected = false;
  const onConnected = (): void => {
    connected = true;
    deadline.connected();
  };
  try {
    const response: { readonly data: unknown } = await axios.getAdapter("http")({
      ...config,
      responseType: "stream",
      decompress: false,
      maxRedirects: 0,
      validateStatus: null,
      signal: deadline.signal,
      transport: transport(onConnected),
    });
    if (response.data instanceof IncomingMessage) return response.data;
    throw new Error("expected a stream from axios");
  } catch (error) {
    deadline.signal.throwIfAborted();
    if (!axios.isAxiosError(error)) throw error;
    throw sanitized(error, new URL(config.url ?? ""), connected);
  }
}

/** `http` or `https`, reporting when it has connected: axios has no time limit for that alone. */
function transport(onConnected: () => void) {
  return {
    request(
      options: RequestOptions,
      onResponse: (response: IncomingMessage) => void,
    ): ClientRequest {
      const secure = options.protocol === "https:";
      const request = (secure ? https : http).request(options, onResponse);
      request.once("socket", (socket) => {
        if (!socket.connecting) onConnected();
        else socket.once(secure ? "secureConnect" : "connect", onConnected);
      });
      return request;
    },
  };
}

/** An axios error holds the request with its headers; only its code and message are passed on. */
function sanitized({ code = "", message }: AxiosError, url: URL, connected: boolean): Error {
  if (/CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE|CRL|HOSTNAME/.test(code)) {
    return new HttpError("tls", `the certificate of ${hostAndPort(url)} was rejected (${code})`);
  }
  if (code === privateAddressCode) return privateAddressError(url);
  if (/^(?:ERR_SSL|EPROTO)/.test(code)) {
    return new HttpError("tls", `the TLS handshake with ${hostAndPort(url)} failed (${code})`);
  }
  if (/^(?:E(?!RR_)|HPE_)/.test(code)) {
    if (connected) return new HttpError("connection", `the connection was lost (${code})`);
    return new HttpError("unreachable", `could not connect to ${hostAndPort(url)} (${code})`);
  }
  return new Error(message);
}
