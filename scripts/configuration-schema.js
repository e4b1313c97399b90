/**
 * The JSON Schema of a configuration file, for editors. Wherever a value may stand, text with a
 * variable may stand, too.
 *
 * @param {Map<string, object[]>} sources - The keys of each source, as `about --json` shows them.
 */
export function jsonSchemaOf(sources) {
  const blocks = [...sources].map(([name, keys]) => [name, oneOrMore(blockOf(name, keys))]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of rivulet",
    type: "object",
    properties: {
      $schema: { type: "string" },
      destination: text("The database to write to: a file such as runs.db, or a URL of Postgres."),
      pipeline: text("The name under which checkpoints, lock and syncs are kept."),
      statement_seconds: number("How long Postgres may take to answer a statement."),
      keep_syncs: number("How many syncs of each pipeline the log keeps."),
      connectors: {
        type: "array",
        items: { type: "string" },
        description: "Names of external connectors with a block here.",
      },
      ...Object.fromEntries(blocks),
    },
    // Blocks of external connectors, and the settings of the only source.
    additionalProperties: true,
  };
}

/** Settings whose schema shows less than the program accepts. */
const alsoLists = ["wandb.project"];

function blockOf(source, keys) {
  const properties = keys.map((key) => [key.name, valueOf(key, `${source}.${key.name}`)]);
  return {
    type: "object",
    properties: {
      name: text("The name of the pipeline, where there are several."),
      destination: text("The destination of this pipeline."),
      ...Object.fromEntries(properties),
    },
    additionalProperties: false,
  };
}

/** A block, or several with a name each. */
function oneOrMore(block) {
  return { anyOf: [block, { type: "array", items: { ...block, required: ["name"] } }] };
}

function valueOf({ type, description, options }, path) {
  if (options) return { description, anyOf: [{ enum: options }, variable] };
  const types = {
    integer: ["integer", "string"],
    boolean: ["boolean", "string"],
    array: ["array", "string"],
    object: ["object", "array", "string"],
  };
  const list = alsoLists.includes(path) ? ["string", "array"] : "string";
  return { description, type: types[type] ?? list };
}

/** Text that contains a variable. */
const variable = { type: "string", pattern: "\\$\\{" };

function text(description) {
  return { type: "string", description };
}

function number(description) {
  return { type: ["integer", "string"], description };
}
