import { z } from "zod";
import { secretText, serviceUrl } from "../../../src/core/config-field.ts";
import type { Source } from "../../../src/core/source.ts";
import { newClient } from "../../../src/http/client.ts";
import { restStream } from "../../../src/http/paging/rest-stream.ts";

const config = z.object({
  api_key: secretText({ description: "Your API key.", env: ["HELPDESK_API_KEY"] }),
  base_url: serviceUrl({ description: "Where the API is.", env: ["HELPDESK_URL"] }),
});

type HelpdeskConfig = z.output<typeof config>;

/** A help desk: its agents, and the tickets that changed. */
export const helpdesk: Source<HelpdeskConfig> = {
  name: "helpdesk",
  title: "Help desk",
  config,
  identity: ({ base_url }) => base_url,

  streams(config, context) {
    const client = clientOf(config, context);
    return [
      restStream(client, {
        name: "agent",
        path: "agents",
        primaryKey: ["agent_id"],
        columns: { agent_id: "string", name: "string", active: "boolean" },
        fields: { agent_id: "id" },
      }),
      restStream(client, {
        name: "ticket",
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
  },

  async check(config, context) {
    await clientOf(config, context).getJson("agents", { query: { size: 1 } });
  },
};

function clientOf(
  { api_key, base_url }: HelpdeskConfig,
  context: Parameters<typeof helpdesk.check>[1],
) {
  return newClient({
    ...context,
    baseUrl: base_url,
    headers: { authorization: `Bearer ${api_key}` },
    remedies: { 401: "check helpdesk.api_key" },
  });
}
