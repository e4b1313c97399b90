import { CountlyApp } from "./app.ts";
import type { AppDocument, AppOptions } from "./app.ts";
import { CountlyClock } from "./clock.ts";
import type { Document } from "./document.ts";
import type { CountlyMember } from "./member.ts";

/** How a workspace is created. */
export interface WorkspaceOptions {
  readonly clock?: CountlyClock;
}

/** An app to create. */
interface NewApp extends AppOptions {
  /** Members of the app's document, which override the defaults; undefined removes one. */
  readonly fields?: Partial<AppDocument>;
}

/**
 * A group: on Enterprise of dashboard members, on an original gateway whatever it calls a group.
 */
interface CountlyGroup {
  readonly id: string;
  readonly document: Document;
}

/**
 * The in-memory data of a Countly server, changed as its users would. Unknown ids throw a
 * RangeError.
 */
export class CountlyWorkspace {
  readonly clock: CountlyClock;
  /** The global administrator that every server starts with. */
  readonly admin: CountlyMember;
  readonly #apps = new Map<string, CountlyApp>();
  readonly #members: CountlyMember[] = [];
  readonly #tokens = new Map<string, CountlyMember>();
  readonly #groups = new Map<string, CountlyGroup>();

  constructor({ clock = new CountlyClock() }: WorkspaceOptions = {}) {
    this.clock = clock;
    this.admin = this.addMember({ name: "Ada", globalAdmin: true });
  }

  /** Oldest first. */
  get apps(): readonly CountlyApp[] {
    return [...this.#apps.values()];
  }

  app(id: string): CountlyApp | undefined {
    return this.#apps.get(id);
  }

  addApp({ fields, ...options }: NewApp = {}): CountlyApp {
    const { clock } = this;
    const _id = clock.nextObjectId();
    const created_at = clock.nextSecond();
    const key =
      fields?.key ??
      clock.random.hex(8) +
        clock.random.hex(8) +
        clock.random.hex(8) +
        clock.random.hex(8) +
        clock.random.hex(8);
    const app = new CountlyApp(
      {
        name: `App ${this.#apps.size + 1}`,
        country: "DE",
        category: "6",
        timezone: "Europe/Berlin",
        type: "mobile",
        owner: this.admin.id,
        seq: 0,
        created_at,
        edited_at: created_at,
        ...fields,
        key,
        _id,
      },
      { clock, ...options },
    );
    this.#apps.set(_id, app);
    return app;
  }

  updateApp(id: string, change: Partial<AppDocument>): void {
    const app = requireExisting(this.#apps, id);
    app.fields = { ...app.fields, edited_at: this.clock.nextSecond(), ...change };
  }

  deleteApp(id: string): void {
    requireExisting(this.#apps, id);
    this.#apps.delete(id);
  }

  /** Oldest first. */
  get members(): readonly CountlyMember[] {
    return this.#members;
  }

  addMember(given: Partial<Omit<CountlyMember, "id">> = {}): CountlyMember {
    const { clock } = this;
    const id = clock.nextObjectId();
    const apiKey =
      clock.random.hex(8) + clock.random.hex(8) + clock.random.hex(8) + clock.random.hex(8);
    const defaults = { name: `Member ${id}`, globalAdmin: false, locked: false, rights: {} };
    const member = { id, apiKey, ...defaults, ...given };
    this.#members.push(member);
    return member;
  }

  /**
   * Creates a token, which replaces the member's key and may also go in the header `countly-token`.
   */
  addToken(member: CountlyMember): string {
    const token = this.clock.random.hex(8) + this.clock.random.hex(8) + this.clock.random.hex(8);
    this.#tokens.set(token, member);
    return token;
  }

  /** The member that a token belongs to. */
  tokenOwner(token: string): CountlyMember | undefined {
    return this.#tokens.get(token);
  }

  /** Oldest first. */
  get groups(): readonly CountlyGroup[] {
    return [...this.#groups.values()];
  }

  addGroup(fields: Document = {}): CountlyGroup {
    const id = this.clock.nextObjectId();
    const name = `Group ${this.#groups.size + 1}`;
    const access = { groupID: [id], global_admin: false, permission: {}, users: [] };
    const document = { name, ...access, matched_users_count: 0, ...fields, _id: id };
    this.#groups.set(id, { id, document });
    return { id, document };
  }

  updateGroup(id: string, change: Document): void {
    const { document } = requireExisting(this.#groups, id);
    this.#groups.set(id, { id, document: { ...document, ...change } });
  }

  deleteGroup(id: string): void {
    requireExisting(this.#groups, id);
    this.#groups.delete(id);
  }
}

function requireExisting<T>(byId: ReadonlyMap<string, T>, id: string): T {
  const found = byId.get(id);
  if (found === undefined) throw new RangeError(`no app or group ${id}`);
  return found;
}
