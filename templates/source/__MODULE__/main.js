// @ts-check
import { readFileSync } from "node:fs";
import { URL } from "node:url";
import {
  allowMassDeletion,
  clientFields,
  massDeletionFields,
  newClient,
  restStream,
  secretText,
  serviceUrl,
  z,
} from "rivulet/connector";

const config = z.object({
  api_key: secretText({ description: "Your API key.", env: ["__ENV___API_KEY"] }),
  base_url: serviceUrl({ description: "The API URL.", env: ["__ENV___URL"] }),
  ...clientFields,
  ...massDeletionFields,
});

/** @typedef {z.output<typeof config>} Config */

/**
 * Copies the agents and tickets of __TITLE__.
 *
 * @satisfies {import("rivulet/connector").SourceConnector<Config>}
 */
export const connector = {
  kind: "source",
  name: "__NAME__",
  title: "__TITLE__",
  version: JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
  config,
  identity: ({ base_url }) => base_url,

  streams(config, context) {
    const client = clientOf(config, context);
    const streams = [
      // Without a cursor, every sync reads all agents, which shows which ones were deleted.
      restStream(client, {
        name: "__NAME___agent",
        path: "agents",
        primaryKey: ["agent_id"],
        columns: { agent_id: "string", name: "string", active: "boolean" },
        fields: { agent_id: "id" },
      }),
      // With a cursor, later syncs read only tickets that changed.
      restStream(client, {
        name: "__NAME___ticket",
        path: "tickets",
        primaryKey: ["id"],
        columns: { id: "integer", subject: "string", updated_at: "timestamp" },
        cursor: {
          column: "updated_at",
          order: "any",
          lookbackMinutes: 5,
          query: (since) => ({ updated_since: since }),
        },
      }),
    ];
    return allowMassDeletion(streams, config);
  },

  async check(config, context) {
    await clientOf(config, context).getJson("agents", { query: { size: 1 } });
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
    requestTimeoutMs: config.request_timeout_seconds * 1000,
    retryAttempts: config.retry_attempts,
    concurrency: config.concurrency,
    remedies: { 401: "check __NAME__.api_key" },
  });
}
