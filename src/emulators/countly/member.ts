/** What a member may read of an app that it does not administer. `export` is the access to the app's collections in `/o/export/db`. */
export type Right = "export" | "compliance_hub" | "dbviewer" | "users";

/** A person with access to the dashboard; not to be mixed up with the users of an app. All but the id may be changed while the server runs. */
export interface CountlyMember {
  readonly id: string;
  apiKey: string;
  name: string;
  globalAdmin: boolean;
  locked: boolean;
  /** By the id of the app: its administrator, or what it may read there. */
  rights: Readonly<Record<string, "admin" | readonly Right[]>>;
}

export function administers(member: CountlyMember, app: string): boolean {
  return member.globalAdmin || member.rights[app] === "admin";
}

/** Whether a member may read of an app what needs this right; `core` is what comes with any. */
export function mayRead(member: CountlyMember, app: string, right: Right | "core"): boolean {
  const rights = member.rights[app];
  if (administers(member, app) || (right === "core" && rights !== undefined)) return true;
  return right !== "core" && rights !== "admin" && Boolean(rights?.includes(right));
}
