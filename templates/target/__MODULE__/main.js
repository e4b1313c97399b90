// @ts-check
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { URL } from "node:url";
import { newClient, secretText, serviceUrl, z } from "rivulet/connector";

const config = z.object({
  api_key: secretText({ description: "Your API key.", env: ["__ENV___API_KEY"] }),
  base_url: serviceUrl({ description: "The API URL.", env: ["__ENV___URL"] }),
});

/** @typedef {z.output<typeof config>} Config */

/**
 * Writes each row to __TITLE__ as a document, by key.
 *
 * @satisfies {import("rivulet/connector").TargetConnector<Config>}
 */
export const connector = {
  kind: "target",
  name: "__NAME__",
  title: "__TITLE__",
  version: JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
  config,
  identity: ({ base_url }) => base_url,
  // Names that the service reserves: its fixed primary key first, or "" if it has none.
  reservedKeys: ["", "_rev"],

  async check(config, context) {
    await clientOf(config, context).getJson("status");
  },

  open(config, context) {
    const client = clientOf(config, context);
    /** @type {Map<string, readonly string[]>} */
    const keys = new Map();
    return Promise.resolve({
      prepare(tables) {
        for (const { name, primaryKey } of tables) keys.set(name, primaryKey);
        return Promise.resolve();
      },
      async write(changes) {
        for (const { table, rows, deletes } of changes) {
          const key = keys.get(table) ?? [];
          const upserts = rows.map((row) => ({
            key: keyText(key.map((column) => row[column])),
            document: plain(row),
          }));
          await client.postJson(`tables/${encodeURIComponent(table)}`, {
            json: { upserts, deletes: deletes.map(keyText) },
          });
        }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

/**
 * @param {Config} config
 * @param {import("rivulet/connector").SourceContext} context
 */
function clientOf(config, context) {
  return newClient({
    ...context,
    baseUrl: config.base_url,
    headers: { authorization: `Bearer ${config.api_key}` },
    remedies: { 401: "check __NAME__.api_key" },
  });
}

/** @param {readonly unknown[]} key */
function keyText(key) {
  return JSON.stringify(key.map((value) => (typeof value === "bigint" ? String(value) : value)));
}

/**
 * Sends 64-bit integers and bytes as text, because JSON has neither.
 *
 * @param {Readonly<Record<string, unknown>>} row
 */
function plain(row) {
  const cells = Object.entries(row).map(([column, value]) => {
    if (typeof value === "bigint") return [column, String(value)];
    if (value instanceof Uint8Array) return [column, Buffer.from(value).toString("base64")];
    return [column, value];
  });
  return Object.fromEntries(cells);
}
