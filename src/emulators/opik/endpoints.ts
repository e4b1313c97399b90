import { z } from "zod";
import { parseBody, dropwizardError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { requireDataset, selectRows } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import type { OpikEntity } from "./dataset.ts";
import {
  columnsJson,
  datasetJson,
  documentedItemJson,
  itemJson,
  versionJson,
} from "./entity-json.ts";
import { entityJson, plainText } from "./json.ts";
import { parseFilters, parsePage, sortEntities } from "./list-query.ts";
import { streamItems } from "./stream.ts";

/** What the service answers to a request below `/v1/private`. Throws a Refusal. */
export function routeRequest(method: string, call: RequestContext): HttpResponse {
  const there = endpoints.filter(({ path }) => path.test(call.path));
  if (there.length === 0) throw dropwizardError(404, "HTTP 404 Not Found");
  const endpoint = there.find((candidate) => candidate.method === method);
  if (!endpoint) throw dropwizardError(405, "HTTP 405 Method Not Allowed");
  return endpoint.respond(call, endpoint.path.exec(call.path)?.[1] ?? "");
}

interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly respond: (call: RequestContext, datasetId: string) => HttpResponse;
}

const endpoints: readonly Endpoint[] = [
  { method: "GET", path: /^\/projects$/, respond: listProjects },
  { method: "GET", path: /^\/datasets$/, respond: listDatasets },
  { method: "GET", path: /^\/datasets\/([\w-]{36})$/, respond: getDataset },
  { method: "GET", path: /^\/datasets\/([\w-]{36})\/items$/, respond: listItems },
  { method: "GET", path: /^\/datasets\/([\w-]{36})\/versions$/, respond: listVersions },
  {
    method: "POST",
    path: /^\/datasets\/([\w-]{36})\/versions\/retrieve$/,
    respond: retrieveVersion,
  },
  { method: "POST", path: /^\/datasets\/items\/stream$/, respond: streamItems },
];

function listProjects(call: RequestContext): HttpResponse {
  const found = call.workspace.projects.filter(nameContains(call.query));
  const sortable = ["id", "name", "last_updated_at", "created_at", "last_updated_trace_at"];
  const rows = sortEntities(found, { query: call.query, sortable, members: (project) => project });
  return listResponse(call, rows, {
    text: entityJson,
    more: { sortableBy: JSON.stringify(sortable) },
  });
}

function listDatasets(call: RequestContext): HttpResponse {
  const { query } = call;
  const filters = [nameContains(query), parseFilters(query.get("filters"))];
  const project = query.get("project_id");
  if (project) filters.push((dataset) => dataset["project_id"] === project);
  const found = call.workspace.datasets.filter(({ entity }) => filters.every((f) => f(entity)));
  const sortable = ["id", "name", "description", "created_at", "last_updated_at"];
  const rows = sortEntities(found, { query, sortable, members: ({ entity }) => entity });
  return listResponse(call, rows, {
    text: datasetJson,
    more: { sortableBy: JSON.stringify(sortable) },
  });
}

function getDataset(call: RequestContext, id: string): HttpResponse {
  return { status: 200, text: datasetJson(requireDataset(call, id)) };
}

function listItems(call: RequestContext, id: string): HttpResponse {
  const { query, faults } = call;
  const rows = selectRows(call, requireDataset(call, id), {
    version: query.get("version"),
    filters: query.get("filters"),
  });
  const truncate = query.get("truncate") === "true";
  return listResponse(call, rows, {
    text: faults.documentedShape ? documentedItemJson : (row) => itemJson(row, truncate),
    more: { columns: columnsJson(rows.slice(0, 100)), sortableBy: "[]" },
  });
}

function listVersions(call: RequestContext, id: string): HttpResponse {
  const dataset = requireVersionedDataset(call, id);
  const rows = dataset.versions.toReversed();
  return listResponse(call, rows, { text: (version) => versionJson(dataset, version) });
}

function retrieveVersion(call: RequestContext, id: string): HttpResponse {
  const dataset = requireVersionedDataset(call, id);
  const { version_name } = parseBody(call.body, retrieveShape);
  const version = dataset.versions.find((candidate) => candidate.version_name === version_name);
  if (!version) throw dropwizardError(404, `Version '${version_name}' not found`);
  return { status: 200, text: versionJson(dataset, version) };
}

const retrieveShape = z.object({
  version_name: z.string().regex(/^v\d+$/, 'versionName must match "^v\\d+$"'),
});

function requireVersionedDataset(call: RequestContext, id: string) {
  const dataset = requireDataset(call, id);
  if (!dataset.versioned) throw dropwizardError(404, "HTTP 404 Not Found");
  return dataset;
}

/** Whether a name contains what `name` asks for, in any case. */
function nameContains(query: URLSearchParams): (entity: OpikEntity) => boolean {
  const wanted = query.get("name")?.toLowerCase() ?? "";
  return ({ name }) => wanted === "" || plainText(name).toLowerCase().includes(wanted);
}

interface ListOptions<T> {
  readonly text: (row: T) => string;
  /** Members of the answer beside the usual ones, as JSON text. */
  readonly more?: Readonly<Record<string, string>>;
}

function listResponse<T>(
  call: RequestContext,
  rows: readonly T[],
  { text, more = {} }: ListOptions<T>,
): HttpResponse {
  const { faults, path } = call;
  const { page, size } = parsePage(call.query);
  const limit = Math.min(size, faults.pageSizeCap ?? size);
  const shown = faults.ignorePaging ? rows : rows.slice((page - 1) * limit, page * limit);
  const content = `[${shown.map(text).join(",")}]`;
  faults.onPage?.({ path, rows: shown.length });
  if (faults.documentedShape) return { status: 200, text: `{"items":${content}}` };
  const usual = `{"page":${page},"size":${shown.length},"total":${rows.length},"content":${content}`;
  const rest = Object.entries(more).map(([name, value]) => `,"${name}":${value}`);
  return { status: 200, text: `${usual}${rest.join("")}}` };
}
