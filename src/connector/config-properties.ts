import { z } from "zod";
import { fieldMeta } from "../core/config-field.ts";
import type { Source } from "../core/source.ts";

/** What a key of a configuration takes, in the words of the C8 contract. */
export type ConfigAttributeType =
  "string" | "integer" | "boolean" | "password" | "options" | "array" | "object";

/** A key of a configuration, as the C8 contract describes it; `options` and `env` are ours. */
export interface ConfigProperty {
  readonly name: string;
  readonly display_name: string;
  readonly type: ConfigAttributeType;
  readonly is_mandatory: boolean;
  /** Whether it is of use only while another key has some value. */
  readonly is_dynamic: boolean;
  readonly description: string;
  readonly default_value: string;
  readonly placeholder_value: string;
  /** The words that may be chosen, for `options`. */
  readonly options?: readonly string[];
  /** Environment variables that stand in for the key where it is absent. */
  readonly env: readonly string[];
}

/** The keys of a configuration, in the order of its schema. */
export function configProperties({ config }: Pick<Source, "config">): ConfigProperty[] {
  const { properties = {}, required = [] } = jsonSchema(config, "output");
  const { required: needed = [] } = jsonSchema(config, "input");
  const fields: Readonly<Record<string, z.core.$ZodType>> = config.shape;
  return Object.entries(properties).map(([name, property]) => {
    const schema = typeof property === "boolean" ? {} : property;
    const field = fields[name];
    const meta = field && fieldMeta(field);
    const isSecret = meta?.secret === true;
    const fallback =
      schema.default === undefined ? (meta?.defaultText ?? "") : plainText(schema.default);
    const type = isSecret ? "password" : attributeType(schema);
    return {
      name,
      display_name: meta?.label ?? displayName(name),
      type,
      is_mandatory:
        needed.includes(name) && required.includes(name) && schema.default === undefined,
      is_dynamic: meta?.onlyWhen !== undefined,
      description: meta?.description ?? schema.description ?? "",
      default_value: fallback,
      placeholder_value: meta?.placeholder ?? placeholderFor({ name, type, fallback }),
      ...(schema.enum ? { options: schema.enum.map(plainText) } : {}),
      env: meta?.env ?? [],
    };
  });
}

/** What `configuration.example.json` has for a key without a default. */
function placeholderFor({ name, type, fallback }: PlaceholderOptions): string {
  const asksForText = ["string", "password", "array"].includes(type);
  return fallback === "" && asksForText ? `<YOUR_${name.toUpperCase()}>` : "";
}

interface PlaceholderOptions {
  readonly name: string;
  readonly type: ConfigAttributeType;
  readonly fallback: string;
}

function jsonSchema(config: z.ZodType, io: "input" | "output") {
  return z.toJSONSchema(config, { io, unrepresentable: "any" });
}

function attributeType(schema: z.core.JSONSchema.BaseSchema): ConfigAttributeType {
  if (schema.enum) return "options";
  const type = schema.type ?? typeOf(schema.default);
  if (type === "integer" || type === "boolean" || type === "array" || type === "object")
    return type;
  return "string";
}

/** The type of a field that JSON Schema has no word for, as its default has it. */
function typeOf(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}

const acronyms: readonly string[] = ["api", "id", "url"];

/** `base_url` as `Base URL`. */
function displayName(name: string): string {
  const words = name
    .toLowerCase()
    .split(/[_-]/)
    .map((word) => (acronyms.includes(word) ? word.toUpperCase() : word))
    .join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function plainText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
