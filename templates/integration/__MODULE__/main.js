// @ts-check
import { readFileSync } from "node:fs";
import { URL } from "node:url";
import { newClient, secretText, serviceUrl, z } from "rivulet/connector";

const config = z.object({
  api_key: secretText({ description: "Your API key.", env: ["__ENV___API_KEY"] }),
  base_url: serviceUrl({ description: "The API URL.", env: ["__ENV___URL"] }),
});

/** @typedef {z.output<typeof config>} Config */

/**
 * Rebuilds the reports of __TITLE__.
 *
 * @satisfies {import("rivulet/connector").IntegrationConnector<Config>}
 */
export const connector = {
  kind: "integration",
  name: "__NAME__",
  title: "__TITLE__",
  description: "Asks __TITLE__ to rebuild its reports.",
  version: JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
  config,

  async check(config, context) {
    await clientOf(config, context).getJson("reports");
  },

  async run(config, context) {
    await clientOf(config, context).postJson("reports/build", { json: {} });
    context.log.info("the reports are being rebuilt");
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
