import { z } from "zod";
import { cursorOf, offsetAfter } from "../../src/emulators/wandb/cursor.ts";
import type { GraphqlRequest } from "../../src/emulators/wandb/graphql-request.ts";
import { argumentsOf, parseQuery, type QueryField, type Variables } from "./wandb-query.ts";
import type { WandbRunList } from "./wandb-run-list.ts";
import { fieldJson, type SerializedRun } from "./wandb-runs.ts";

const filterArgs = z.object({
  filters: z
    .string()
    .nullish()
    .transform((filters) => filters ?? "{}"),
});
const pageArgs = filterArgs.extend({
  order: z.string().default("-created_at"),
  first: z.int().positive(),
  after: z.string().nullish(),
});
/** Steps of 64 bits may be text. */
const step = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);
const windowArgs = z.object({ minStep: step, maxStep: step, samples: z.int() });
const nameArgs = z.object({ name: z.string() });

interface WandbResponsesOptions {
  readonly runs: WandbRunList;
  /** The viewer's id as JSON. */
  readonly viewerId: string;
}

/**
 * Answers queries for a project's runs as the emulator would, from preserialized fields and lines.
 */
export class WandbResponses {
  readonly #options: WandbResponsesOptions;
  readonly #queries = new Map<string, readonly QueryField[]>();
  #linesSent = 0;

  constructor(options: WandbResponsesOptions) {
    this.#options = options;
  }

  /** Lines of histories sent so far. */
  get linesSent(): number {
    return this.#linesSent;
  }

  /**
   * The response in chunks. Throws for a query of another kind, and if the emulator's response
   * would be another: a slow or wrong answer would falsify the figure.
   */
  respond({ query, variables }: GraphqlRequest): readonly Buffer[] {
    const fields = this.#queries.get(query) ?? parseQuery(query);
    this.#queries.set(query, fields);
    const chunks = new Chunks();
    chunks.write(`{"data":`);
    this.#writeObject(fields, chunks, (field) => {
      this.#writeRoot(field, variables ?? {}, chunks);
    });
    chunks.write("}");
    return chunks.end();
  }

  #writeRoot(field: QueryField, variables: Variables, chunks: Chunks): void {
    if (field.name === "viewer") {
      requireFields(field, ["id"]);
      chunks.write(`{"id":${this.#options.viewerId}}`);
      return;
    }
    if (field.name !== "project") throw unknownField(field);
    this.#writeObject(field.fields, chunks, (member) => {
      this.#writeProjectMember(member, variables, chunks);
    });
  }

  #writeProjectMember(field: QueryField, variables: Variables, chunks: Chunks): void {
    const { runs } = this.#options;
    const args = argumentsOf(field, variables);
    if (field.name === "runCount") {
      chunks.write(String(runs.count(filterArgs.parse(args).filters)));
    } else if (field.name === "runs") {
      this.#writePage(field, pageArgs.parse(args), chunks);
    } else if (field.name === "run") {
      const run = runs.get(nameArgs.parse(args).name);
      if (run) this.#writeRun(run, { fields: field.fields, variables }, chunks);
      else chunks.write("null");
    } else throw unknownField(field);
  }

  #writePage(
    field: QueryField,
    { after, first, ...selection }: z.output<typeof pageArgs>,
    chunks: Chunks,
  ): void {
    const runs = this.#options.runs.select(selection);
    const begin = offsetAfter(after);
    const page = runs.slice(begin, begin + first);
    const endCursor = page.length > 0 ? cursorOf(begin + page.length - 1) : (after ?? null);
    const pageInfo = { endCursor, hasNextPage: begin + first < runs.length };
    this.#writeObject(field.fields, chunks, (member) => {
      if (member.name === "pageInfo") chunks.write(JSON.stringify(pageInfo));
      else if (member.name === "edges") this.#writeEdges(member, page, chunks);
      else throw unknownField(member);
    });
  }

  #writeEdges(edges: QueryField, page: readonly SerializedRun[], chunks: Chunks): void {
    const [node] = requireFields(edges, ["node"]);
    chunks.write("[");
    for (const [index, run] of page.entries()) {
      chunks.write(index === 0 ? `{"node":` : `},{"node":`);
      this.#writeRun(run, { fields: node?.fields ?? [], variables: {} }, chunks);
    }
    chunks.write(page.length > 0 ? "}]" : "]");
  }

  #writeRun(
    run: SerializedRun,
    {
      fields,
      variables,
    }: { readonly fields: readonly QueryField[]; readonly variables: Variables },
    chunks: Chunks,
  ): void {
    this.#writeObject(fields, chunks, (field) => {
      if (field.name !== "history") {
        chunks.write(fieldJson(textOf(field), run));
        return;
      }
      const { minStep, maxStep, samples } = windowArgs.parse(argumentsOf(field, variables));
      const window = run.lines.window({ from: minStep, below: maxStep, samples });
      this.#linesSent += window.count;
      chunks.write("[");
      chunks.writeBytes(window.text);
      chunks.write("]");
    });
  }

  #writeObject(
    fields: readonly QueryField[],
    chunks: Chunks,
    writeValue: (field: QueryField) => void,
  ): void {
    for (const [index, field] of fields.entries()) {
      chunks.write(`${index === 0 ? "{" : ","}"${field.key}":`);
      writeValue(field);
    }
    chunks.write(fields.length > 0 ? "}" : "{}");
  }
}

/** A field with its own fields, as text: `user { name }`. */
function textOf({ name, fields }: QueryField): string {
  return fields.length === 0 ? name : `${name} { ${fields.map(textOf).join(" ")} }`;
}

function requireFields(field: QueryField, names: readonly string[]): readonly QueryField[] {
  const unknown = field.fields.find(({ name }) => !names.includes(name));
  if (unknown) throw unknownField(unknown);
  return field.fields;
}

function unknownField({ name }: QueryField): RangeError {
  return new RangeError(`unknown field ${name}`);
}

/** Text and bytes, without copying the bytes. */
class Chunks {
  readonly #chunks: Buffer[] = [];
  #text = "";

  write(text: string): void {
    this.#text += text;
  }

  writeBytes(bytes: Buffer): void {
    this.#flush();
    this.#chunks.push(bytes);
  }

  end(): readonly Buffer[] {
    this.#flush();
    return this.#chunks;
  }

  #flush(): void {
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = "";
  }
}
