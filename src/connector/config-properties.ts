import { z } from "zod";
import { fieldMeta } from "../core/config-field.ts";
import type { Source } from "../core/source.ts";

/** The type of a configuration key, in the terms of the C8 contract. */
type ConfigAttributeType =
  "string" | "integer" | "boolean" | "password" | "options" | "array" | "object";

/** A configuration key as the C8 contract describes it; `options` and `env` are additions. */
export interface ConfigProperty {
  readonly name: string;
  readonly display_name: string;
  readonly type: ConfigAttributeType;
  readonly is_mandatory: boolean;
  /** Whether it applies only if another key has a certain value. */
  readonly is_dynamic: boolean;
  readonly description: string;
  readonly default_value: string;
  readonly placeholder_value: string;
  /** The allowed values, if the type is `options`. */
  readonly options?: readonly string[];
  /** Environment variables that set the key if it is absent. */
  readonly env: readonly string[];
}

/** The keys of a source's configuration, in the order of its schema. */
export function configProperties({ config }: Pick<Source, "config">): ConfigProperty[] {
  const { properties = {}, required = [] } = jsonSchema(config, "output");
  // The output schema requires every key with a default, the input schema none of them.
  const { required: requiredInput = [] } = jsonSchema(config, "input");
  const fields: Readonly<Record<string, z.core.$ZodType>> = config.shape;
  const isCurrent = (name: string): boolean => {
    const field = fields[name];
    return !field || fieldMeta(field)?.obsolete !== true;
  };
  const current = Object.entries(properties).filter(([name]) => isCurrent(name));
  return current.map(([name, property]) => {
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
        requiredInput.includes(name) && required.includes(name) && schema.default === undefined,
      is_dynamic: meta?.onlyWhen !== undefined,
      description: meta?.description ?? schema.description ?? "",
      default_value: fallback,
      placeholder_value: meta?.placeholder ?? placeholderFor({ name, type, fallback }),
      ...(schema.enum ? { options: schema.enum.map(plainText) } : {}),
      env: meta?.env ?? [],
    };
  });
}

/** The value in `configuration.example.json` of a key without a default. */
function placeholderFor({ name, type, fallback }: PlaceholderOptions): string {
  const isText = ["string", "password", "array"].includes(type);
  return fallback === "" && isText ? `<YOUR_${name.toUpperCase()}>` : "";
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

/** The type of a field that JSON Schema cannot express, derived from its default. */
function typeOf(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}

const acronyms: readonly string[] = ["api", "id", "url"];

/** `Base URL` for `base_url`. */
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
