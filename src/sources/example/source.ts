import { withCallerMessage } from "../../core/caller-message.ts";
import { z } from "zod";
import { choice, secretText, serviceUrl, text, toggle } from "../../core/config-field.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Checkpoint, ReadOptions, Source, Stream } from "../../core/source.ts";

const credentialField = (method: string, placeholder: string, label: string) => ({
  ...{ label, placeholder, description: "" },
  onlyWhen: { field: "authenticationMethod", is: method },
});

const config = z.object({
  apiBaseURL: serviceUrl({
    label: "API base URL",
    description: "Enter the base URL for the API you're connecting to",
    placeholder: "api_base_url",
  }),
  authenticationMethod: choice(["OAuth2.0", "API Key", "Basic Auth", "None"], {
    label: "Authentication Method",
    description: "Choose the preferred authentication method to securely access the API",
  }).default("None"),
  client_id: secretText(credentialField("OAuth2.0", "your_client_id_here", "Client ID")).optional(),
  client_secret: secretText(
    credentialField("OAuth2.0", "your_client_secret_here", "Client Secret"),
  ).optional(),
  api_key: secretText(credentialField("API Key", "your_api_key_here", "API Key")).optional(),
  username: text(credentialField("Basic Auth", "your_username_here", "Username")).optional(),
  password: secretText(credentialField("Basic Auth", "your_password_here", "Password")).optional(),
  apiVersion: choice(["v1", "v2", "v3"], { label: "API Version", description: "" }).default("v2"),
  shouldEnableMetrics: toggle({ label: "Enable Metrics?", description: "" }).default(false),
});

type ExampleConfig = z.output<typeof config>;

/** The settings that each authentication method requires. */
const requiredFields = {
  "OAuth2.0": ["client_id", "client_secret"],
  "API Key": ["api_key"],
  "Basic Auth": ["username", "password"],
  None: [],
} as const satisfies Record<
  ExampleConfig["authenticationMethod"],
  readonly (keyof ExampleConfig)[]
>;

/**
 * Fivetran's Partner SDK example: two tables with a few generated rows that are inserted, updated
 * and deleted.
 */
export const example: Source<ExampleConfig> = {
  name: "example",
  title: "Example",
  config,
  identity: ({ apiBaseURL }) => apiBaseURL,
  streams: () => [table1, table2],
  check({ authenticationMethod, ...settings }) {
    const missing = requiredFields[authenticationMethod].filter(
      (name) => settings[name] === undefined,
    );
    if (missing.length === 0) return Promise.resolve();
    throw withCallerMessage(
      new ConfigError(`${authenticationMethod}: missing ${missing.join(", ")}; set them`),
    );
  },
};

/** Three rows, of which one is updated and one deleted. */
const table1: Stream = {
  name: "table1",
  columns: { a1: "string", a2: "double" },
  primaryKey: ["a1"],
  async *read(options) {
    const rows = [0, 1, 2].map((t) => ({ a1: `a-${t}`, a2: t * 0.234 }));
    const updates = [{ a1: "a-0", a2: 110.234 }];
    const deletes = [["a-2"]];
    yield await Promise.resolve({ rows, updates, deletes, checkpoint: advanceCursor(5, options) });
  },
};

const table2: Stream = {
  name: "table2",
  columns: { b1: "string", b2: "string" },
  primaryKey: ["b1"],
  async *read(options) {
    const rows = [{ b1: "b1", b2: "ben" }];
    yield await Promise.resolve({ rows, checkpoint: advanceCursor(1, options) });
  },
};

/** The cursor counts a table's operations over all syncs. */
function advanceCursor(operations: number, { checkpoints }: ReadOptions): Checkpoint {
  const cursor = checkpoints.get("")?.["cursor"];
  return { cursor: (typeof cursor === "number" ? cursor : 0) + operations };
}
