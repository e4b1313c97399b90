import { z } from "zod";
import { entityJson, plainText } from "./json.ts";
import { listResponse } from "./list-response.ts";
import { isVisible, requireProject } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError, parseBody } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { nameContains, sortEntities } from "./sorting.ts";

/** `GET /projects`. */
export function listProjects(context: RequestContext): HttpResponse {
  const { query, workspace } = context;
  const found = workspace.projects
    .filter(nameContains(query))
    .filter((project) => isVisible(context, project));
  const sortable = ["id", "name", "last_updated_at", "created_at", "last_updated_trace_at"];
  const rows = sortEntities(found, { query, sortable, members: (project) => project });
  const more = { sortableBy: JSON.stringify(sortable) };
  return listResponse(context, rows, { text: entityJson, more });
}

/** `GET /projects/{id}`. */
export function getProject(context: RequestContext, id: string): HttpResponse {
  return { status: 200, text: entityJson(requireProject(context, id)) };
}

/** `POST /projects/retrieve`: a project by its name. */
export function retrieveProject(context: RequestContext): HttpResponse {
  const wanted = parseBody(context.body, retrieveShape).name;
  const found = context.workspace.projects.find(({ name }) => plainText(name) === wanted);
  if (!found) throw dropwizardError(404, "Project not found");
  return { status: 200, text: entityJson(found) };
}

const retrieveShape = z.object({ name: z.string({ error: "name must not be blank" }).min(1) });
