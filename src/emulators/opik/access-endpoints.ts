import type { RequestContext } from "./request-context.ts";
import { dropwizardError } from "./response.ts";
import type { HttpResponse } from "./response.ts";

/** `POST /auth`: whether the key may read the workspace. */
export function checkAccess(): HttpResponse {
  return { status: 204, text: "" };
}

/** `GET /auth/workspace`. */
export function getWorkspaceName({ workspaceName }: RequestContext): HttpResponse {
  return { status: 200, text: JSON.stringify({ workspace_name: workspaceName }) };
}

/** `GET /workspace-permissions`: what the key's owner may do. Its members are in camel case. */
export function getPermissions(context: RequestContext): HttpResponse {
  const { workspace, workspaceName, faults } = context;
  const { permission = "granted" } = faults.redaction ?? {};
  if (permission === "lookUpFails")
    throw dropwizardError(500, "There was an error processing your request.");
  const sees = String(permission === "granted");
  const body = {
    userName: workspace.user,
    workspaceName,
    permissions: [
      { permissionName: "dashboard_view", permissionValue: "true" },
      { permissionName: "trace_original_data_view", permissionValue: sees },
    ],
  };
  return { status: 200, text: JSON.stringify(body) };
}
