import type { z } from "zod";
import { configProperties, type ConfigProperty } from "../connector/config-properties.ts";
import { fieldMeta, type FieldMeta } from "../core/config-field.ts";
import type { Source } from "../core/source.ts";
import { connectionTests } from "./connection-tests.ts";

/** A field of Fivetran's configuration form. */
interface FormField {
  readonly name: string;
  readonly label: string;
  readonly [detail: string]: unknown;
}

type Condition = NonNullable<FieldMeta["onlyWhen"]>;

/** The configuration form: a field per configuration key, in schema order, and the tests. */
export function configurationForm(source: Source) {
  const shape: Readonly<Record<string, z.core.$ZodType>> = source.config.shape;
  const metaOf = (name: string): Partial<FieldMeta> => {
    const field = shape[name];
    return (field && fieldMeta(field)) ?? {};
  };
  const fields: FormField[] = [];
  const conditional = new Map<
    string,
    { readonly condition: Condition; readonly fields: FormField[] }
  >();
  for (const property of configProperties(source)) {
    const meta = metaOf(property.name);
    const field = formField(property, meta);
    const { onlyWhen } = meta;
    if (!onlyWhen) fields.push(field);
    else {
      const key = JSON.stringify([onlyWhen.field, onlyWhen.is]);
      const group = conditional.get(key) ?? { condition: onlyWhen, fields: [] };
      conditional.set(key, group);
      group.fields.push(field);
    }
  }
  const groups = [...conditional.values()];
  return {
    schema_selection_supported: true,
    table_selection_supported: true,
    fields: fields.flatMap((field) => [field, ...conditionalFields(field.name, groups)]),
    tests: connectionTests.map(({ name, label }) => ({ name, label })),
  };
}

function formField(
  property: ConfigProperty,
  { label, placeholder }: Partial<FieldMeta>,
): FormField {
  const { name, display_name, description, default_value: fallback, is_mandatory } = property;
  return {
    name,
    label: label ?? display_name,
    required: is_mandatory,
    ...(description === "" ? {} : { description }),
    ...inputType(property),
    ...(["", "[]", "{}"].includes(fallback) ? {} : { default_value: fallback }),
    ...(placeholder === undefined ? {} : { placeholder }),
  };
}

function inputType({ type, options, default_value, is_mandatory }: ConfigProperty) {
  if (options) return { dropdown_field: { dropdown_field: options } };
  if (type === "password") return { text_field: "Password" };
  if (type !== "boolean") return { text_field: "PlainText" };
  // A toggle has no third state, which an optional key without a default needs.
  const mayBeUnset = default_value === "" && !is_mandatory;
  return mayBeUnset
    ? { dropdown_field: { dropdown_field: ["true", "false"] } }
    : { toggle_field: {} };
}

/** The groups of fields that depend on a field, each as one conditional field. */
function conditionalFields(
  name: string,
  groups: readonly { readonly condition: Condition; readonly fields: readonly FormField[] }[],
): readonly FormField[] {
  return groups
    .filter(({ condition }) => condition.field === name)
    .map(({ condition: { field, is }, fields }) => ({
      name: `${field}${is.replace(/[^A-Za-z0-9]+/g, "")}Fields`,
      label: `${is} Conditional Fields`,
      conditional_fields: { condition: { condition_field: field, string_value: is }, fields },
    }));
}
