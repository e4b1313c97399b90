import { z } from "zod";
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
import { requireDataset, selectRows } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError, parseBody } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { streamItems } from "./stream.ts";

/** Answers a request below `/v1/private`. Throws a ResponseError. */
export function routeRequest(method: string, context: RequestContext): HttpResponse {
  const candidates = endpoints.filter(({ path }) => path.test(context.path));
  if (candidates.length === 0) throw dropwizardError(404, "HTTP 404 Not Found");
  const endpoint = candidates.find((candidate) => candidate.method === method);
  if (!endpoint) throw dropwizardError(405, "HTTP 405 Method Not Allowed");
  return endpoint.respond(context, endpoint.path.exec(context.path)?.[1] ?? "");
}

interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly respond: (context: RequestContext, datasetId: string) => HttpResponse;
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

function listProjects(context: RequestContext): HttpResponse {
  const found = context.workspace.projects.filter(nameContains(context.query));
  const sortable = ["id", "name", "last_updated_at", "created_at", "last_updated_trace_at"];
  const rows = sortEntities(found, {
    query: context.query,
    sortable,
    members: (project) => project,
  });
  return listResponse(context, rows, {
    text: entityJson,
    more: { sortableBy: JSON.stringify(sortable) },
  });
}

function listDatasets(context: RequestContext): HttpResponse {
  const { query } = context;
  const filters = [nameContains(query), parseFilters(query.get("filters"))];
  const project = query.get("project_id");
  if (project) filters.push((dataset) => dataset["project_id"] === project);
  const found = context.workspace.datasets.filter(({ entity }) => filters.every((f) => f(entity)));
  const sortable = ["id", "name", "description", "created_at", "last_updated_at"];
  const rows = sortEntities(found, { query, sortable, members: ({ entity }) => entity });
  return listResponse(context, rows, {
    text: datasetJson,
    more: { sortableBy: JSON.stringify(sortable) },
  });
}

function getDataset(context: RequestContext, id: string): HttpResponse {
  return { status: 200, text: datasetJson(requireDataset(context, id)) };
}

function listItems(context: RequestContext, id: string): HttpResponse {
  const { query, faults } = context;
  const rows = selectRows(context, requireDataset(context, id), {
    version: query.get("version"),
    filters: query.get("filters"),
  });
  const truncate = query.get("truncate") === "true";
  return listResponse(context, rows, {
    text: faults.documentedShape ? documentedItemJson : (row) => itemJson(row, truncate),
    more: { columns: columnsJson(rows.slice(0, 100)), sortableBy: "[]" },
  });
}

function listVersions(context: RequestContext, id: string): HttpResponse {
  const dataset = requireVersionedDataset(context, id);
  const rows = dataset.versions.toReversed();
  return listResponse(context, rows, { text: (version) => versionJson(dataset, version) });
}

function retrieveVersion(context: RequestContext, id: string): HttpResponse {
  const dataset = requireVersionedDataset(context, id);
  const { version_name } = parseBody(context.body, retrieveShape);
  const version = dataset.versions.find((candidate) => candidate.version_name === version_name);
  if (!version) throw dropwizardError(404, `Version '${version_name}' not found`);
  return { status: 200, text: versionJson(dataset, version) };
}

const retrieveShape = z.object({
  version_name: z.string().regex(/^v\d+$/, 'versionName must match "^v\\d+$"'),
});

function requireVersionedDataset(context: RequestContext, id: string) {
  const dataset = requireDataset(context, id);
  if (!dataset.versioned) throw dropwizardError(404, "HTTP 404 Not Found");
  return dataset;
}

/** A filter by the `name` parameter: names that contain it, ignoring case. */
function nameContains(query: URLSearchParams): (entity: OpikEntity) => boolean {
  const wanted = query.get("name")?.toLowerCase() ?? "";
  return ({ name }) => wanted === "" || plainText(name).toLowerCase().includes(wanted);
}

interface ListOptions<T> {
  readonly text: (row: T) => string;
  /** Members of the page besides the usual ones, as JSON text. */
  readonly more?: Readonly<Record<string, string>>;
}

function listResponse<T>(
  context: RequestContext,
  rows: readonly T[],
  { text, more = {} }: ListOptions<T>,
): HttpResponse {
  const { faults, path } = context;
  const { page, size } = parsePage(context.query);
  const limit = Math.min(size, faults.pageSizeCap ?? size);
  const sent = faults.ignorePaging ? rows : rows.slice((page - 1) * limit, page * limit);
  const content = `[${sent.map(text).join(",")}]`;
  faults.onPage?.({ path, rows: sent.length });
  if (faults.documentedShape) return { status: 200, text: `{"items":${content}}` };
  // `size` is the number of rows sent, not the number requested.
  const usual = `{"page":${page},"size":${sent.length},"total":${rows.length},"content":${content}`;
  const rest = Object.entries(more).map(([name, value]) => `,"${name}":${value}`);
  return { status: 200, text: `${usual}${rest.join("")}}` };
}
