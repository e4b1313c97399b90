import { z } from "zod";
import { secretText, serviceUrl, text, textList, wholeNumber } from "../../core/config-field.ts";
import { clientFields } from "../../http/client-fields.ts";

/** Comet's own cloud. */
export const cloudUrl = "https://www.comet.com/opik/api";

export const opikConfig = z
  .object({
    COMET_OPIK_API_KEY: secretText({
      description: "Your Opik API key. A self-hosted server needs none.",
      env: ["OPIK_API_KEY"],
    }).optional(),
    COMET_OPIK_WORKSPACE: text({
      description: "The name of the workspace to copy. Self-hosted: leave it out, or `default`.",
      env: ["OPIK_WORKSPACE"],
    }).optional(),
    base_url: serviceUrl({
      description: "Where the API is. Self-hosted: `http://host:5173/api`.",
      env: ["OPIK_URL_OVERRIDE"],
    }).default(cloudUrl),
    page_size: wholeNumber(
      { min: 1, max: 2000 },
      {
        description:
          "Rows to ask for at once, at most; smaller pages are asked for by itself where the server needs it.",
      },
    ).default(500),
    ...clientFields,
    rescan_days: wholeNumber(
      { min: 0, max: 3650 },
      {
        description: "How often a dataset is read again although it looks unchanged; 0 for never.",
      },
    ).default(7),
    inputs_keys: textList({
      description:
        "Members of an item, else of its `data`, that feed the column `inputs`; the first that is present counts.",
    }).default(["inputs", "input"]),
    outputs_keys: textList({
      description: "The same for the column `outputs`.",
    }).default(["outputs", "output", "expected_output"]),
    metadata_keys: textList({
      description: "The same for the column `metadata`.",
    }).default(["metadata"]),
  })
  .refine((config) => config.COMET_OPIK_API_KEY !== undefined || config.base_url !== cloudUrl, {
    path: ["COMET_OPIK_API_KEY"],
    message:
      "missing; the cloud needs your API key (comet.com: API Settings, API Keys), or set base_url for a self-hosted server",
  })
  .refine((config) => config.COMET_OPIK_WORKSPACE !== undefined || config.base_url !== cloudUrl, {
    path: ["COMET_OPIK_WORKSPACE"],
    message: "missing; the cloud needs the name of your workspace",
  });

export type OpikConfig = z.output<typeof opikConfig>;
