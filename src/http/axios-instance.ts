import http from "node:http";
import https from "node:https";
import axios, { type AxiosInstance } from "axios";
import axiosRetry from "axios-retry";
import { acceptedEncodings } from "./body.ts";

export interface AxiosOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly concurrency: number;
}

/** An axios that keeps its connections, retries as each request says, and changes neither what goes out nor what comes. */
export function newAxios({ headers, concurrency }: AxiosOptions): AxiosInstance {
  const agent = { keepAlive: true, maxSockets: concurrency };
  const asItIs = (body: unknown): unknown => body;
  const instance = axios.create({
    headers: { "User-Agent": "rivulet", "Accept-Encoding": acceptedEncodings, ...headers },
    httpAgent: new http.Agent(agent),
    httpsAgent: new https.Agent(agent),
    transformRequest: asItIs,
    transformResponse: asItIs,
  });
  axiosRetry(instance, { retries: 0 });
  return instance;
}
