import http from "node:http";
import https from "node:https";
import axios, { type AxiosInstance } from "axios";
import axiosRetry from "axios-retry";
import { programVersion } from "../core/version.ts";
import { acceptedEncodings } from "./body.ts";
import { isPrivateAddress, newPublicLookup, privateAddressError } from "./private-address.ts";

interface AxiosOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly publicHeaders: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly publicOnly: boolean;
}

/**
 * An axios instance that keeps connections alive, leaves retries to each request's settings, and
 * transforms neither requests nor responses.
 */
export function newAxios(options: AxiosOptions): AxiosInstance {
  const { headers, publicHeaders, concurrency, publicOnly } = options;
  const lookup = publicOnly ? { lookup: newPublicLookup() } : {};
  const agent = { keepAlive: true, maxSockets: concurrency, ...lookup };
  const unchanged = (body: unknown): unknown => body;
  const instance = axios.create({
    headers: {
      "User-Agent": `rivulet/${programVersion}`,
      "Accept-Encoding": acceptedEncodings,
      ...publicHeaders,
      ...headers,
    },
    httpAgent: new http.Agent(agent),
    httpsAgent: new https.Agent(agent),
    transformRequest: unchanged,
    transformResponse: unchanged,
    // A proxy looks names up itself, and would lead to any network it reaches.
    ...(publicOnly ? { proxy: false as const } : {}),
  });
  if (publicOnly) {
    instance.interceptors.request.use((config) => {
      checkHost(new URL(config.url ?? ""));
      return config;
    });
  }
  axiosRetry(instance, { retries: 0 });
  return instance;
}

/** Throws if the host is itself a private address: it is then not looked up. */
function checkHost(url: URL): void {
  if (isPrivateAddress(url.hostname.replace(/^\[|\]$/g, ""))) throw privateAddressError(url);
}
