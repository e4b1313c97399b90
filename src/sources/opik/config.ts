import { z } from "zod";
import {
  choice,
  secretText,
  serviceUrl,
  text,
  textList,
  toggle,
  wholeNumber,
} from "../../core/config-field.ts";
import { massDeletionFields } from "../../core/mass-deletion-fields.ts";
import { clientFields } from "../../http/client-fields.ts";

/** The API of Comet's cloud. */
export const cloudUrl = "https://www.comet.com/opik/api";

/** The configuration section `opik`. */
export const opikConfig = z
  .object({
    COMET_OPIK_API_KEY: secretText({
      description: "Your Opik API key. Not needed for a self-hosted server.",
      env: ["OPIK_API_KEY"],
    }).optional(),
    COMET_OPIK_WORKSPACE: text({
      description: "Name of the workspace to copy. Self-hosted: omit it or use `default`.",
      env: ["OPIK_WORKSPACE"],
    }).optional(),
    base_url: serviceUrl({
      description: "URL of the API. Self-hosted: `http://host:5173/api`.",
      env: ["OPIK_URL_OVERRIDE"],
    }).default(cloudUrl),
    page_size: wholeNumber(
      { min: 1, max: 2000 },
      {
        description: "Maximum rows per request; reduced automatically if needed.",
      },
    ).default(500),
    ...clientFields,
    rescan_days: wholeNumber(
      { min: 0, max: 3650 },
      {
        description:
          "Days after which a dataset is read again although it looks unchanged; 0: never.",
      },
    ).default(7),
    detect_edits: toggle({
      description:
        "Ask for the version of each dataset, in one request, to see items edited in place. Without it, only `rescan_days` finds them.",
    }).default(true),
    dataset_item_key: choice(["item", "dataset_and_item"], {
      description:
        "The key of `opik_dataset_item`: `item_id`, or `dataset_id` and `item_id` if datasets share items.",
    }).default("item"),
    inputs_keys: textList({
      description:
        "Members of an item, or of its `data`, that fill the column `inputs`; the first one present is used.",
    }).default(["inputs", "input"]),
    outputs_keys: textList({
      description: "The same for the column `outputs`.",
    }).default(["outputs", "output", "expected_output"]),
    metadata_keys: textList({
      description: "The same for the column `metadata`.",
    }).default(["metadata"]),
    ...massDeletionFields,
  })
  .refine((config) => config.COMET_OPIK_API_KEY !== undefined || config.base_url !== cloudUrl, {
    path: ["COMET_OPIK_API_KEY"],
    message:
      "missing; set your API key (comet.com: API Settings, API Keys), or base_url for a self-hosted server",
  })
  .refine((config) => config.COMET_OPIK_WORKSPACE !== undefined || config.base_url !== cloudUrl, {
    path: ["COMET_OPIK_WORKSPACE"],
    message: "missing; set the name of your workspace",
  });

/** A valid configuration section `opik`. */
export type OpikConfig = z.output<typeof opikConfig>;
