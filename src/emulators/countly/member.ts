/** A right to read data of an app; `export` allows `/o/export/db` for its collections. */
export type Right = "export" | "compliance_hub" | "dbviewer" | "users";

/**
 * A person with access to the dashboard, as opposed to the users of an app. Everything but the id
 * may be changed while the server runs.
 */
export interface CountlyMember {
  readonly id: string;
  apiKey: string;
  name: string;
  globalAdmin: boolean;
  locked: boolean;
  /** By app id: administrator, or the rights to read. */
  rights: Readonly<Record<string, "admin" | readonly Right[]>>;
}

/** True for a global administrator and for an administrator of the app. */
export function administers(member: CountlyMember, app: string): boolean {
  return member.globalAdmin || member.rights[app] === "admin";
}

/** Whether a member has a right for an app; `core` comes with any access to the app. */
export function mayRead(member: CountlyMember, app: string, right: Right | "core"): boolean {
  const rights = member.rights[app];
  if (administers(member, app) || (right === "core" && rights !== undefined)) return true;
  return right !== "core" && rights !== "admin" && Boolean(rights?.includes(right));
}
