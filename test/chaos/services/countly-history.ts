import { z } from "zod";
import type { Edition } from "../../../src/emulators/countly/request-context.ts";
import type { Document } from "../../../src/emulators/countly/document.ts";
import type { CountlyMember } from "../../../src/emulators/countly/member.ts";
import type { CountlyWorkspace } from "../../../src/emulators/countly/workspace.ts";
import { userIds } from "../../sources/countly/expected-rows.ts";
import type { Random } from "../../support/random.ts";
import type { Keys, StoredCheckpoint } from "../service.ts";
import {
  idOf,
  isStorable,
  mergeTwo,
  profile,
  raw,
  someIds,
  storable,
  text,
  usersOf,
} from "./countly-users.ts";

/** What happens in a workspace, and who sees it. */
interface HistoryOptions {
  readonly edition: Edition;
  /** The program's login; administers all apps. */
  readonly member: CountlyMember;
  /** Days after which the program reads all users again. */
  readonly resyncDays: number;
  /** Whether most changes are activity of users, so that most syncs read only what is new. */
  readonly isQuiet: boolean;
}

/**
 * Changes to a workspace. Edits, merges and removals are no activity, and a sync finds them only
 * when it reads all users again; so after each of them, the clock advances past that time.
 */
export class CountlyHistory {
  readonly #workspace: CountlyWorkspace;
  readonly #options: HistoryOptions;

  constructor(workspace: CountlyWorkspace, options: HistoryOptions) {
    this.#workspace = workspace;
    this.#options = options;
  }

  get resyncDays(): number {
    return this.#options.resyncDays;
  }

  /** Only a global administrator sees groups, and Community has none. */
  get showsGroups(): boolean {
    const { edition, member } = this.#options;
    return edition !== "community" && member.globalAdmin;
  }

  begin(random: Random): void {
    for (let count = random.between(1, 4); count > 0; count -= 1) this.#addApp(random);
    for (let count = random.between(1, 3); count > 0; count -= 1) this.#addGroup(random);
    // Enough rows for COPY.
    if (random.oneIn(2)) this.#addUsers(random, random.between(210, 260));
  }

  change(random: Random): void {
    const { clock } = this.#workspace;
    if (random.oneIn(4)) clock.advance(random.between(1, 40) * 60_000);
    const isHidden = random.oneIn(this.#options.isQuiet ? 20 : 3);
    random.pick(isHidden ? this.#hiddenChanges(random) : this.#activities(random))();
    // A minute more, as a process may start faster than the one before it.
    if (isHidden) clock.advance(this.resyncDays * 86_400_000 + 60_000);
  }

  storableKeys(): Keys {
    const { apps, groups } = this.#workspace;
    return {
      apps: apps.map(({ id }) => id),
      ...(this.showsGroups ? { groups: groups.map(({ id }) => id) } : {}),
      users: apps.flatMap((app) => storable(app).map(idOf)),
    };
  }

  usersIn(id = ""): Keys {
    const app = this.#workspace.app(id);
    return { users: app ? storable(app).map(idOf) : [] };
  }

  unstorableCount(): number {
    return this.#workspace.apps.flatMap(usersOf).filter((user) => !isStorable(user)).length;
  }

  /** Users seen before an app's high-water mark, or on pages that the traversal has passed. */
  keysReadBy(checkpoints: readonly StoredCheckpoint[]): Keys {
    const users = checkpoints.flatMap(({ stream, partition, checkpoint }) => {
      const app = this.#workspace.app(partition);
      if (stream !== "users" || !app) return [];
      const { since, full, walk } = checkpointShape.parse(checkpoint);
      const isRead = (user: Document): boolean => {
        const seen = this.#seenMs(user);
        if (full !== undefined && isBefore(seen, since)) return true;
        return walk?.full === true && idOf(user) >= walk.below && isBefore(seen, walk.next);
      };
      return storable(app).filter(isRead).map(idOf);
    });
    return { users };
  }

  #activities(random: Random): readonly (() => void)[] {
    return [
      () => {
        this.#addUsers(random, random.between(1, 30));
      },
      () => {
        this.#addUsers(random, random.between(1, 30));
      },
      () => {
        this.#changeUsers(random, false);
      },
      () => {
        this.#changeUsers(random, false);
      },
      () => {
        this.#addApp(random);
      },
      () => {
        const { id } = random.pick(this.#workspace.apps);
        this.#workspace.updateApp(id, { name: text(random), last_data: random.between(0, 2e9) });
      },
      () => {
        this.#changeGroups(random);
      },
    ];
  }

  #hiddenChanges(random: Random): readonly (() => void)[] {
    const app = random.pick(this.#workspace.apps);
    return [
      () => {
        this.#changeUsers(random, true);
      },
      () => {
        mergeTwo(app, random);
      },
      () => {
        for (const id of someIds(app, random).slice(this.#leastUsers)) app.deleteUser(id);
      },
      () => {
        for (const id of userIds(app).slice(this.#leastUsers)) app.deleteUser(id);
      },
      () => {
        // A login for single apps notices only the deletion of an app that it has synced before.
        if (this.#workspace.apps.length > 1 && this.#options.member.globalAdmin)
          this.#workspace.deleteApp(app.id);
      },
    ];
  }

  /** A gateway does not count, so its empty list would not prove that there are no users. */
  get #leastUsers(): number {
    return this.#options.edition === "original" ? 1 : 0;
  }

  #addApp(random: Random): void {
    const { member } = this.#options;
    const app = this.#workspace.addApp({
      users: random.pick([0, 3, 40]),
      timestampFormat: random.pick(["seconds", "milliseconds", "mixed", "strings"] as const),
      fields: { name: text(random), salt: "salt", category: random.pick(["6", ""]) },
    });
    if (!member.globalAdmin) member.rights = { ...member.rights, [app.id]: "admin" };
  }

  #addUsers(random: Random, count: number): void {
    const app = random.pick(this.#workspace.apps);
    for (let left = count; left > 0; left -= 1) app.addUser(profile(random));
  }

  #changeUsers(random: Random, silently: boolean): void {
    const app = random.pick(this.#workspace.apps);
    const change = { gender: random.pick(["F", "M", ""]), name: text(random), email: undefined };
    for (const id of someIds(app, random))
      app.updateUser(id, { ...change, "custom.answer": raw(random) }, { silently });
  }

  #addGroup(random: Random): void {
    this.#workspace.addGroup({ name: text(random), permission: raw(random), users: [] });
  }

  /** Keeps at least one group: an empty list does not prove that there are none. */
  #changeGroups(random: Random): void {
    const { groups } = this.#workspace;
    const { id } = random.pick(groups);
    const action = random.between(0, 2);
    if (action === 0) this.#addGroup(random);
    else if (action === 1 && groups.length > 1) this.#workspace.deleteGroup(id);
    else this.#workspace.updateGroup(id, { name: text(random), description: raw(random) });
  }

  /** When the user was last seen: by the server, or for a gateway by the user's device. */
  #seenMs(user: Document): number {
    const stamp = Number(this.#options.edition === "original" ? user["ls"] : user["last_sync"]);
    return stamp < 1e11 ? stamp * 1000 : stamp;
  }
}

const checkpointShape = z.looseObject({
  since: z.string().optional(),
  full: z.string().optional(),
  walk: z
    .looseObject({ full: z.boolean(), below: z.string(), next: z.string().optional() })
    .optional(),
});

function isBefore(ms: number, instant: string | undefined): boolean {
  return instant !== undefined && ms < Date.parse(instant);
}
