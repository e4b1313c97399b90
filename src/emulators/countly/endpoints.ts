import { message, output, Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import { answerApps } from "./apps.ts";
import { globalAdmin } from "./auth.ts";
import type { Call } from "./request-context.ts";
import { listConsents } from "./consents.ts";
import { viewCollection } from "./db-viewer.ts";
import { exportCollection } from "./export-db.ts";
import { answerMembers } from "./members.ts";
import { answerOriginal } from "./original-gateway.ts";
import { answerTasks } from "./tasks.ts";
import type { Part } from "./faults.ts";
import { answerUserDetails } from "./user-details.ts";

/** What the server answers to a request. Throws a Refusal. */
export function answerCall(call: Call): Answer {
  if (call.edition === "original") return answerOriginal(call);
  const [, , area = "", name = ""] = call.path.split("/");
  switch (area) {
    case "":
      return call.path === "/o" ? answerMethod(call) : message(400, "Invalid path");
    case "apps":
      return answerApps(call, name);
    case "users":
      return answerMembers(call, name);
    case "tasks":
      return answerTasks(call, name);
    default:
      return answerPart(call);
  }
}

/** `/o?method=…`: the app and the method are looked at before the key is. */
function answerMethod(call: Call): Answer {
  const { app_id, method } = call.params;
  if (!app_id) throw new Refusal(400, 'Missing parameter "app_id"');
  if (method !== "user_details" || !has(call, "users")) throw new Refusal(400, "Invalid method");
  return answerUserDetails(call);
}

/** What a server may have or not: a path that nothing answers to is invalid. */
function answerPart(call: Call): Answer {
  const part = parts[call.path];
  return part && has(call, part.name) ? part.answer(call) : message(400, "Invalid path");
}

const parts: Readonly<
  Record<string, { readonly name: Part; readonly answer: (call: Call) => Answer }>
> = {
  "/o/export/db": { name: "export", answer: exportCollection },
  "/o/app_users/consents": { name: "compliance-hub", answer: listConsents },
  "/o/db": { name: "dbviewer", answer: viewCollection },
  "/o/groups": { name: "groups", answer: listGroups },
};

function has({ edition, traps }: Call, part: Part): boolean {
  if (traps.without?.includes(part)) return false;
  return edition === "enterprise" || (part !== "groups" && part !== "users");
}

/** Groups of members, which decide what these may see; nothing to do with the users of an app. */
function listGroups(call: Call): Answer {
  globalAdmin(call);
  const { workspace, traps } = call;
  const groups = traps.failingDatabase ? [] : workspace.groups;
  return output({ result: groups.map(({ document }) => document) });
}
