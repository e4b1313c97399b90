import { z } from "zod";
import { parseBody, refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import { existingDataset, selectRows } from "./request-context.ts";
import type { Call } from "./request-context.ts";
import type { OpikEntity } from "./dataset.ts";
import {
  columnsText,
  datasetText,
  documentedItemText,
  itemText,
  versionText,
} from "./entity-json.ts";
import { entityText, plainText } from "./json.ts";
import { filter, pageOf, sorted } from "./list-query.ts";
import { streamItems } from "./stream.ts";

/** What the service answers to a request below `/v1/private`. Throws a Refusal. */
export function answerCall(method: string, call: Call): Answer {
  const there = endpoints.filter(({ path }) => path.test(call.path));
  if (there.length === 0) throw refusal(404, "HTTP 404 Not Found");
  const endpoint = there.find((candidate) => candidate.method === method);
  if (!endpoint) throw refusal(405, "HTTP 405 Method Not Allowed");
  return endpoint.answer(call, endpoint.path.exec(call.path)?.[1] ?? "");
}

interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly answer: (call: Call, datasetId: string) => Answer;
}

const endpoints: readonly Endpoint[] = [
  { method: "GET", path: /^\/projects$/, answer: projects },
  { method: "GET", path: /^\/datasets$/, answer: datasets },
  { method: "GET", path: /^\/datasets\/([\w-]{36})$/, answer: oneDataset },
  { method: "GET", path: /^\/datasets\/([\w-]{36})\/items$/, answer: items },
  { method: "GET", path: /^\/datasets\/([\w-]{36})\/versions$/, answer: versions },
  { method: "POST", path: /^\/datasets\/([\w-]{36})\/versions\/retrieve$/, answer: retrieve },
  { method: "POST", path: /^\/datasets\/items\/stream$/, answer: streamItems },
];

function projects(call: Call): Answer {
  const found = call.workspace.projects.filter(named(call.query));
  const sortable = ["id", "name", "last_updated_at", "created_at", "last_updated_trace_at"];
  const rows = sorted(found, { query: call.query, sortable, members: (project) => project });
  return list(call, rows, { text: entityText, more: { sortableBy: JSON.stringify(sortable) } });
}

function datasets(call: Call): Answer {
  const { query } = call;
  const filters = [named(query), filter(query.get("filters"))];
  const project = query.get("project_id");
  if (project) filters.push((dataset) => dataset["project_id"] === project);
  const found = call.workspace.datasets.filter(({ entity }) => filters.every((f) => f(entity)));
  const sortable = ["id", "name", "description", "created_at", "last_updated_at"];
  const rows = sorted(found, { query, sortable, members: ({ entity }) => entity });
  return list(call, rows, { text: datasetText, more: { sortableBy: JSON.stringify(sortable) } });
}

function oneDataset(call: Call, id: string): Answer {
  return { status: 200, text: datasetText(existingDataset(call, id)) };
}

function items(call: Call, id: string): Answer {
  const { query, traps } = call;
  const rows = selectRows(call, existingDataset(call, id), {
    version: query.get("version"),
    filters: query.get("filters"),
  });
  const truncate = query.get("truncate") === "true";
  return list(call, rows, {
    text: traps.documentedShape ? documentedItemText : (row) => itemText(row, truncate),
    more: { columns: columnsText(rows.slice(0, 100)), sortableBy: "[]" },
  });
}

function versions(call: Call, id: string): Answer {
  const dataset = versionedDataset(call, id);
  const rows = dataset.versions.toReversed();
  return list(call, rows, { text: (version) => versionText(dataset, version) });
}

function retrieve(call: Call, id: string): Answer {
  const dataset = versionedDataset(call, id);
  const { version_name } = parseBody(call.body, retrieveShape);
  const version = dataset.versions.find((candidate) => candidate.version_name === version_name);
  if (!version) throw refusal(404, `Version '${version_name}' not found`);
  return { status: 200, text: versionText(dataset, version) };
}

const retrieveShape = z.object({
  version_name: z.string().regex(/^v\d+$/, 'versionName must match "^v\\d+$"'),
});

function versionedDataset(call: Call, id: string) {
  const dataset = existingDataset(call, id);
  if (!dataset.versioned) throw refusal(404, "HTTP 404 Not Found");
  return dataset;
}

/** Whether a name contains what `name` asks for, in any case. */
function named(query: URLSearchParams): (entity: OpikEntity) => boolean {
  const wanted = query.get("name")?.toLowerCase() ?? "";
  return ({ name }) => wanted === "" || plainText(name).toLowerCase().includes(wanted);
}

interface ListOptions<T> {
  readonly text: (row: T) => string;
  /** Members of the answer beside the usual ones, as JSON text. */
  readonly more?: Readonly<Record<string, string>>;
}

function list<T>(call: Call, rows: readonly T[], { text, more = {} }: ListOptions<T>): Answer {
  const { traps, path } = call;
  const { page, size } = pageOf(call.query);
  const limit = Math.min(size, traps.pageSizeCap ?? size);
  const shown = traps.ignorePaging ? rows : rows.slice((page - 1) * limit, page * limit);
  const content = `[${shown.map(text).join(",")}]`;
  traps.onPage?.({ path, rows: shown.length });
  if (traps.documentedShape) return { status: 200, text: `{"items":${content}}` };
  const usual = `{"page":${page},"size":${shown.length},"total":${rows.length},"content":${content}`;
  const rest = Object.entries(more).map(([name, value]) => `,"${name}":${value}`);
  return { status: 200, text: `${usual}${rest.join("")}}` };
}
