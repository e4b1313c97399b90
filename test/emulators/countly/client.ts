import { expect } from "vitest";
import { z } from "zod";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import type { Countly } from "../../support/countly.ts";

type Params = Readonly<Record<string, string>>;

/**
 * A client that posts forms to a Countly emulator, by default with the global administrator's key.
 */
export function countlyClient(countly: Countly) {
  const post = (path: string, params: Params = {}, headers: Params = {}): Promise<Response> => {
    const body = new URLSearchParams({ api_key: countly.apiKey, ...params });
    return fetch(countly.url + path, { method: "POST", body, headers });
  };

  const statusAndBody = async (path: string, params: Params = {}): Promise<[number, unknown]> => {
    const response = await post(path, params);
    return [response.status, await response.json()];
  };

  const json = async (path: string, params: Params = {}): Promise<unknown> => {
    const [status, body] = await statusAndBody(path, params);
    expect([status, body]).toEqual([200, body]);
    return body;
  };

  return {
    post,
    statusAndBody,
    json,
    record: async (path: string, params: Params = {}) => record.parse(await json(path, params)),
    text: async (path: string, params: Params = {}) => await (await post(path, params)).text(),
    /** The users in `/o/export/db`. */
    exported: async (app: CountlyApp, params: Params = {}) =>
      rows.parse(await json("/o/export/db", { collection: `app_users${app.id}`, ...params })),
    consents: async (app: CountlyApp, params: Params = {}) =>
      consents.parse(await json("/o/app_users/consents", { app_id: app.id, ...params })),
    viewed: async (app: CountlyApp, params: Params = {}) => {
      const collection = `app_users${app.id}`;
      return view.parse(await json("/o/db", { dbs: "countly", collection, ...params }));
    },
    details: async (app: CountlyApp, params: Params = {}) =>
      consents.parse(await json("/o", { method: "user_details", app_id: app.id, ...params })),
  };
}

const record = z.record(z.string(), z.unknown());
const rows = z.array(record);
const consents = z.object({
  sEcho: z.string().optional(),
  iTotalRecords: z.number(),
  iTotalDisplayRecords: z.number(),
  aaData: rows,
});
const view = z.object({
  limit: z.number(),
  start: z.number(),
  end: z.number(),
  total: z.number(),
  pages: z.number(),
  curPage: z.number(),
  collections: rows,
});

/** The device ids of users. */
export function didsOf(users: readonly Readonly<Record<string, unknown>>[]): unknown[] {
  return users.map(({ did }) => did);
}
