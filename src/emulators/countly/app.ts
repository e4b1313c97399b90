import type { CountlyClock } from "./clock.ts";
import { isDocument } from "./document.ts";
import type { Document, Identified, Value } from "./document.ts";
import { SyntheticUsers } from "./synthetic-users.ts";
import { UserCollection } from "./user-collection.ts";
import { newUser, formatTimestamp, userId } from "./user.ts";
import type { TimestampFormat } from "./user.ts";

export interface AppOptions {
  /** How the documents of the users spell `first_sync` and `last_sync` (default: seconds). */
  readonly timestampFormat?: TimestampFormat;
  /** How many users the app has from the start; each is made only when it is asked for, and none is kept. */
  readonly users?: number;
}

export interface UpdateOptions {
  /** Leaves `last_sync`, `lac`, `ls` and `lu` as they are, as updates through the API and in bulk do. */
  readonly silently?: boolean;
}

/** The document of an app. */
export interface AppDocument extends Identified {
  /** What devices send their data with; the ids of the users follow from it. */
  readonly key: string;
}

/** An app with its users, `app_users<APPID>` in the database. An unknown id throws a RangeError. */
export class CountlyApp {
  /** The document of the app; replaced when the app is changed. */
  fields: AppDocument;
  /** Whether the app is locked: whoever asks for it is refused with 403. */
  locked = false;
  readonly users: UserCollection;
  readonly #clock: CountlyClock;
  readonly #stamps: TimestampFormat;
  #usersEver: number;

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
    this.#usersEver = users;
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

  /** Adds a user, or replaces the one with the same device id. A member given as undefined is not there. */
  addUser(given: Document = {}): Identified {
    const number = (this.#usersEver += 1);
    const did = typeof given["did"] === "string" ? given["did"] : `device-${number}`;
    const now = this.#clock.nextSecond();
    const fresh = newUser({ number, now, timestampFormat: this.#stamps });
    const user = { ...fresh, ...given, did, _id: userId(this.key, did) };
    this.users.put(user);
    return user;
  }

  /** Changes members of a user, `custom.plan` too; a member that becomes undefined goes away. */
  updateUser(id: string, change: Document, { silently = false }: UpdateOptions = {}): void {
    const now = this.#clock.nextSecond();
    const moved = {
      lac: now,
      ls: now,
      lu: new Date(now * 1000),
      last_sync: formatTimestamp(now, this.#stamps),
    };
    const user = applyChange(this.#existing(id), silently ? change : { ...moved, ...change });
    this.users.put({ ...user, _id: id });
  }

  /** What happens when two devices turn out to be one person: the first document is gone, the second takes what it did not have, and `last_sync` stays. */
  mergeUsers(from: string, into: string): void {
    const [old, kept] = [this.#existing(from), this.#existing(into)];
    const custom = { ...asDocument(old["custom"]), ...asDocument(kept["custom"]) };
    const merged = {
      ...old,
      ...kept,
      sc: Number(old["sc"] ?? 0) + Number(kept["sc"] ?? 0),
      tsd: Number(old["tsd"] ?? 0) + Number(kept["tsd"] ?? 0),
      ...(Object.keys(custom).length > 0 && { custom }),
      last_sync: kept["last_sync"],
      _id: into,
    };
    this.users.delete(from);
    this.users.put(merged);
  }

  deleteUser(id: string): void {
    this.#existing(id);
    this.users.delete(id);
  }

  #existing(id: string): Document {
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
