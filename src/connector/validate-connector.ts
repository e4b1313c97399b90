import { z } from "zod";
import { connectorKinds, type Connector, type ConnectorKind } from "./connector.ts";

/**
 * Names that are valid as a table, an npm package and a module: letters, digits, single `_` or `-`.
 */
export const connectorNamePattern = /^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/;

const functionField = z.custom<unknown>((value) => typeof value === "function", {
  error: "expected a function",
});
const textField = (what: string) =>
  z.string({ error: `expected ${what}` }).min(1, `expected ${what}`);

const common = {
  name: textField("a name").regex(connectorNamePattern, "expected a name like help_desk"),
  title: textField("a display name"),
  version: textField("a version").optional(),
  config: z.custom<unknown>((value) => value instanceof z.ZodObject, {
    error: "expected z.object({…}) of zod 4",
  }),
  check: functionField,
};

const shapes = {
  source: z.object({ ...common, identity: functionField, streams: functionField }),
  target: z.object({
    ...common,
    identity: functionField,
    open: functionField,
    reservedKeys: z.array(z.string(), { error: "expected a list of names" }),
  }),
  integration: z.object({ ...common, description: textField("a sentence"), run: functionField }),
} as const satisfies Record<ConnectorKind, z.ZodType>;

const kindShape = z.object({ kind: z.enum(connectorKinds) });

/** Checks the export `connector` of a module. Lists all problems, each as `member: problem`. */
export function validateConnector(
  exported: unknown,
): { readonly connector: Connector } | { readonly problems: readonly string[] } {
  if (typeof exported !== "object" || exported === null)
    return { problems: ["connector: missing; export an object with this name"] };
  const kind = kindShape.safeParse(exported);
  if (!kind.success)
    return { problems: [`connector.kind: expected one of ${connectorKinds.join(", ")}`] };
  const { error } = shapes[kind.data.kind].safeParse(exported);
  if (!error) return { connector: exported as Connector };
  return {
    problems: error.issues.map(({ path, message }) => `connector.${path.join(".")}: ${message}`),
  };
}
