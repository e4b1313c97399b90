import { z } from "zod";
import { configFields } from "../configuration.ts";
import type { Source } from "../core/source.ts";
import { exitStatus } from "../exit-status.ts";
import { tableText } from "../terminal/table.ts";
import { version } from "../version.ts";
import type { Invocation } from "./invocation.ts";

/** Says what this connector is and what it can be told. */
export function aboutCommand({ source, flags, terminal }: Invocation): number {
  const about = { ...aboutSource(source), reserved_keys: [] };
  if (flags.json === true) {
    terminal.printJson(about);
    return exitStatus.completed;
  }
  terminal.print(`${terminal.color.bold(about.description)}  (rivulet ${about.version})\n`);
  const rows = about.config.map(({ name, type, is_mandatory, default_value, env, description }) => [
    name,
    type,
    is_mandatory ? "required" : default_value,
    env.join(", "),
    description,
  ]);
  terminal.print(
    tableText({ columns: ["key", "type", "default", "environment", ""], rows }, terminal),
  );
  return exitStatus.completed;
}

function aboutSource(source: Source) {
  return {
    name: source.name,
    package_name: `rivulet_source_${source.name}`,
    version: version(),
    type: "source",
    description: `Copies ${source.title} into a SQL database that you own.`,
    config: configProperties(source),
    capabilities: ["catalog", "discover", "state"],
  };
}

/** The keys of a source's configuration for programs and tables. */
export function configProperties(source: Pick<Source, "config">) {
  const fields = configFields(source);
  const { properties = {}, required = [] } = z.toJSONSchema(source.config, {
    io: "output",
    unrepresentable: "any",
  });
  const { required: needed = [] } = z.toJSONSchema(source.config, {
    io: "input",
    unrepresentable: "any",
  });
  return Object.entries(properties).map(([name, property]) => {
    const { type, default: fallback } = typeof property === "boolean" ? {} : property;
    const meta = fields[name];
    return {
      name,
      display_name: displayName(name),
      type: meta?.secret === true ? "password" : typeName(type),
      is_mandatory: needed.includes(name) && required.includes(name) && fallback === undefined,
      is_dynamic: false,
      description: meta?.description ?? "",
      default_value: fallback === undefined ? (meta?.defaultText ?? "") : defaultText(fallback),
      placeholder_value: "",
      env: meta?.env ?? [],
    };
  });
}

function displayName(name: string): string {
  const words = name.toLowerCase().split("_");
  return words
    .map((word, index) => (index === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : word))
    .join(" ");
}

function typeName(type: unknown): string {
  const names: Readonly<Record<string, string>> = {
    integer: "integer",
    boolean: "boolean",
    array: "array",
  };
  return typeof type === "string" ? (names[type] ?? "string") : "string";
}

function defaultText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
