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
  mergeSome,
  profile,
  raw,
  some,
  storable,
  text,
  usersOf,
} from "./countly-users.ts";

export interface HistoryOptions {
  readonly edition: Edition;
  /** Who asks the server; administers all apps. */
  readonly member: CountlyMember;
  /** How often all users are read again. */
  readonly resyncDays: number;
  /** Whether users do only what is activity, but for apps that go, so that most syncs read only what is new. */
  readonly isQuiet: boolean;
}

/**
 * What the people before and behind a server do. Edits, merges and removals are no activity, and are found when all users are read
 * again: so much time passes after each of them.
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

  /** Only a global administrator sees them, and Community has none. */
  get showsGroups(): boolean {
    const { edition, member } = this.#options;
    return edition !== "community" && member.globalAdmin;
  }

  begin(random: Random): void {
    for (let count = random.between(1, 4); count > 0; count -= 1) this.#addApp(random);
    for (let count = random.between(1, 3); count > 0; count -= 1) this.#addGroup(random);
    // Rows enough for COPY.
    if (random.oneIn(2)) this.#addUsers(random, random.between(210, 260));
  }

  change(random: Random): void {
    const { clock } = this.#workspace;
    if (random.oneIn(4)) clock.advance(random.between(1, 40) * 60_000);
    const isHidden = random.oneIn(this.#options.isQuiet ? 20 : 3);
    random.pick(isHidden ? this.#hidden(random) : this.#activity(random))();
    // A minute more, for a process may start faster than the one before.
    if (isHidden) clock.advance(this.resyncDays * 86_400_000 + 60_000);
  }

  held(): Keys {
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

  unstorable(): number {
    return this.#workspace.apps.flatMap(usersOf).filter((user) => !isStorable(user)).length;
  }

  /** Whoever was seen before an app's mark was read before it was earned; so was, in a walk, whoever stands on the pages that it passed. */
  earned(checkpoints: readonly StoredCheckpoint[]): Keys {
    const users = checkpoints.flatMap(({ stream, partition, checkpoint }) => {
      const app = this.#workspace.app(partition);
      if (stream !== "users" || !app) return [];
      const { since, full, walk } = checkpointShape.parse(checkpoint);
      const isEarned = (user: Document): boolean => {
        const seen = this.#seenMs(user);
        if (full !== undefined && isBefore(seen, since)) return true;
        return walk?.full === true && idOf(user) >= walk.below && isBefore(seen, walk.next);
      };
      return storable(app).filter(isEarned).map(idOf);
    });
    return { users };
  }

  #activity(random: Random): readonly (() => void)[] {
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

  #hidden(random: Random): readonly (() => void)[] {
    const app = random.pick(this.#workspace.apps);
    return [
      () => {
        this.#changeUsers(random, true);
      },
      () => {
        mergeSome(app, random);
      },
      () => {
        for (const id of some(app, random).slice(this.#leastUsers)) app.deleteUser(id);
      },
      () => {
        for (const id of userIds(app).slice(this.#leastUsers)) app.deleteUser(id);
      },
      () => {
        // Somebody who administers single apps is not told that one is gone, unless they saw it before.
        if (this.#workspace.apps.length > 1 && this.#options.member.globalAdmin)
          this.#workspace.deleteApp(app.id);
      },
    ];
  }

  /** An empty list of a gateway, which counts nothing, proves nothing. */
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
    for (const id of some(app, random))
      app.updateUser(id, { ...change, "custom.answer": raw(random) }, { silently });
  }

  #addGroup(random: Random): void {
    this.#workspace.addGroup({ name: text(random), permission: raw(random), users: [] });
  }

  /** Never all of them go: an empty list proves nothing. */
  #changeGroups(random: Random): void {
    const { groups } = this.#workspace;
    const { id } = random.pick(groups);
    const way = random.between(0, 2);
    if (way === 0) this.#addGroup(random);
    else if (way === 1 && groups.length > 1) this.#workspace.deleteGroup(id);
    else this.#workspace.updateGroup(id, { name: text(random), description: raw(random) });
  }

  /** When the server, or for a gateway the user's device, says that it saw a user. */
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
