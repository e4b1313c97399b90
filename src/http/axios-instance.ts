import http from "node:http";
import https from "node:https";
import axios, { type AxiosInstance } from "axios";
import axiosRetry from "axios-retry";
import { acceptedEncodings } from "./body.ts";

interface AxiosOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly publicHeaders: Readonly<Record<string, string>>;
  readonly concurrency: number;
}

/**
 * An axios instance that keeps connections alive, leaves retries to each request's settings, and
 * transforms neither requests nor responses.
 */
export function newAxios(options: AxiosOptions): AxiosInstance {
  const { headers, publicHeaders, concurrency } = options;
  const agent = { keepAlive: true, maxSockets: concurrency };
  const unchanged = (body: unknown): unknown => body;
  const instance = axios.create({
    headers: {
      "User-Agent": "rivulet",
      "Accept-Encoding": acceptedEncodings,
      ...publicHeaders,
      ...headers,
    },
    httpAgent: new http.Agent(agent),
    httpsAgent: new https.Agent(agent),
    transformRequest: unchanged,
    transformResponse: unchanged,
  });
  axiosRetry(instance, { retries: 0 });
  return instance;
}
