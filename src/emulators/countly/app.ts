import type { CountlyClock } from "./clock.ts";
import { isDocument } from "./document.ts";
import type { Document, Identified, Value } from "./document.ts";
import { SyntheticUsers } from "./synthetic-users.ts";
import { UserCollection } from "./user-collection.ts";
import { formatTimestamp, newUser, userId } from "./user.ts";
import type { TimestampFormat } from "./user.ts";

/** How an app stores its users, and how many it starts with. */
export interface AppOptions {
  /** The format of `first_sync` and `last_sync` in user documents (default: seconds). */
  readonly timestampFormat?: TimestampFormat;
  /** The number of initial users, which are generated on demand and take no memory (default 0). */
  readonly users?: number;
}

/** How a user is changed. */
export interface UpdateOptions {
  /**
   * Does not touch `last_sync`, `lac`, `ls` and `lu`, as with updates through the API and in bulk.
   */
  readonly silently?: boolean;
}

/** An app's document in the database. */
export interface AppDocument extends Identified {
  /** The key that devices send data with; user ids derive from it. */
  readonly key: string;
}

/** An app with its users, the collection `app_users<APPID>`. Unknown ids throw a RangeError. */
export class CountlyApp {
  /** The app's document; replaced when the app changes. */
  fields: AppDocument;
  /** If true, requests for the app are rejected with 403. */
  locked = false;
  readonly users: UserCollection;
  readonly #clock: CountlyClock;
  readonly #stamps: TimestampFormat;
  #lastNumber: number;

  constructor(
    fields: AppDocument,
    {
      clock,
      timestampFormat = "seconds",
      users = 0,
    }: AppOptions & { readonly clock: CountlyClock },
  ) {
    this.fields = fields;
    this.#clock = clock;
    this.#stamps = timestampFormat;
    this.#lastNumber = users;
    const { key } = this;
    const untilSeconds = clock.nextSecond();
    this.users = new UserCollection(
      new SyntheticUsers({ key, count: users, untilSeconds, timestampFormat }),
    );
  }

  get id(): string {
    return this.fields._id;
  }

  get key(): string {
    return this.fields.key;
  }

  /**
   * Adds a user, or replaces the one with the same device id. Members given as undefined are left
   * out.
   */
  addUser(given: Document = {}): Identified {
    const number = (this.#lastNumber += 1);
    const did = typeof given["did"] === "string" ? given["did"] : `device-${number}`;
    const now = this.#clock.nextSecond();
    const fresh = newUser({ number, now, timestampFormat: this.#stamps });
    const user = { ...fresh, ...given, did, _id: userId(this.key, did) };
    this.users.put(user);
    return user;
  }

  /**
   * Changes members of a user, also nested ones such as `custom.plan`; undefined removes a member.
   */
  updateUser(id: string, change: Document, { silently = false }: UpdateOptions = {}): void {
    const now = this.#clock.nextSecond();
    const timestamps = {
      lac: now,
      ls: now,
      lu: new Date(now * 1000),
      last_sync: formatTimestamp(now, this.#stamps),
    };
    const user = applyChange(
      this.#requireUser(id),
      silently ? change : { ...timestamps, ...change },
    );
    this.users.put({ ...user, _id: id });
  }

  /**
   * Merges two users that turn out to be one person: `from` is deleted, `into` gets the members
   * that it lacks, and its `last_sync` does not change.
   */
  mergeUsers(from: string, into: string): void {
    const [source, target] = [this.#requireUser(from), this.#requireUser(into)];
    const custom = { ...asDocument(source["custom"]), ...asDocument(target["custom"]) };
    const merged = {
      ...source,
      ...target,
      sc: Number(source["sc"] ?? 0) + Number(target["sc"] ?? 0),
      tsd: Number(source["tsd"] ?? 0) + Number(target["tsd"] ?? 0),
      ...(Object.keys(custom).length > 0 && { custom }),
      last_sync: target["last_sync"],
      _id: into,
    };
    this.users.delete(from);
    this.users.put(merged);
  }

  deleteUser(id: string): void {
    this.#requireUser(id);
    this.users.delete(id);
  }

  #requireUser(id: string): Document {
    const user = this.users.get(id);
    if (!user) throw new RangeError(`no user ${id}`);
    return user;
  }
}

function applyChange(document: Document, change: Document): Document {
  let result = document;
  for (const [path, value] of Object.entries(change)) result = setMember(result, path, value);
  return result;
}

function setMember(document: Document, path: string, value: Value | undefined): Document {
  const dot = path.indexOf(".");
  if (dot < 0) return { ...document, [path]: value };
  const [name, rest] = [path.slice(0, dot), path.slice(dot + 1)];
  return { ...document, [name]: setMember(asDocument(document[name]), rest, value) };
}

function asDocument(value: Value | undefined): Document {
  return isDocument(value) ? value : {};
}
