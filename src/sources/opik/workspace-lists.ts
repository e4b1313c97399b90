import { AsyncMemo } from "../../core/async-memo.ts";
import type { Client } from "../../http/client.ts";
import { descendingPages } from "../../http/paging/descending-pages.ts";
import { idText, members, plain } from "../../json/text-scanner.ts";
import type { Listing } from "../../engine/listing/list-items.ts";
import type { ListedItem } from "../../engine/listing/listing-service.ts";
import type { WorkspaceAccess } from "./access.ts";
import { apiPath } from "./client.ts";
import type { OpikConfig } from "./config.ts";

/**
 * The members of a response that may hold its rows. `items` is what the original connector
 * documents.
 */
export const rowKeys = ["content", "items"] as const;

/** A project or dataset, as a list shows it. */
export interface OpikObject extends ListedItem {
  /** The JSON text. */
  readonly row: string;
}

/** The lists of a workspace. */
export type ListName = "projects" | "datasets";

type Lists = Readonly<Record<ListName, Listing<OpikObject>>>;

/** How often a list that changes is read, until the service shows as many rows as it counts. */
const maxReads = 3;

/** A list of at most so many rows is asked for in one answer if its order proves nothing. */
const maxRowsAtOnce = 10_000;

/** The lists of a workspace, each read once in a sync. */
export class WorkspaceLists {
  readonly #client: Client;
  readonly #config: OpikConfig;
  readonly #access: WorkspaceAccess;
  readonly #lists = new AsyncMemo<Lists>();

  constructor(client: Client, config: OpikConfig, access: WorkspaceAccess) {
    this.#client = client;
    this.#config = config;
    this.#access = access;
  }

  /** Lists all projects and all datasets, with a login that is proven before and after. */
  get(): Promise<Lists> {
    return this.#lists.get("", async () => {
      await this.#access.proveOnce();
      const [projects, datasets] = await Promise.all([
        this.#read("projects"),
        this.#read("datasets"),
      ]);
      await this.#access.prove();
      return { projects, datasets };
    });
  }

  async #read(name: ListName): Promise<Listing<OpikObject>> {
    let listing = await this.#readOnce(name, this.#config.page_size);
    for (let reads = 1; reads < maxReads && listing.hidden > 0; reads += 1) {
      const again = await this.#readOnce(name, this.#config.page_size);
      if (again.hidden < listing.hidden) listing = again;
    }
    if (listing.doubt === undefined) return listing;
    const rows = listing.items.size + listing.hidden;
    if (rows > maxRowsAtOnce) return listing;
    const atOnce = await this.#readOnce(name, 2 * rows);
    return atOnce.doubt === undefined ? atOnce : listing;
  }

  async #readOnce(name: ListName, size: number): Promise<Listing<OpikObject>> {
    const items = new Map<string, OpikObject>();
    const path = `${apiPath}/${name}`;
    const pages = descendingPages(this.#client, { path, rowKeys, size });
    let unreadable: string | undefined;
    let isIdentified = true;
    for await (const page of pages) {
      page.held?.[Symbol.dispose]();
      for (const row of page.rows) {
        const { id, created } = identify(row);
        if (id === undefined) isIdentified = false;
        // Objects without an id are told apart by their text.
        items.set(id ?? row, { id: id ?? row, created, row });
      }
      unreadable ??= page.unreadable;
    }
    const hidden = Math.max(0, (pages.total ?? 0) - items.size);
    const order = pages.isWhole ? undefined : (unreadable ?? doubtOf(pages.total));
    const doubt = isIdentified ? order : "an object in it has no id";
    return { items, doubt, hidden, isFull: true, provesAbsence: true, date: Date.now() };
  }
}

function doubtOf(total: number | undefined): string {
  return total === undefined
    ? "the service did not say how many there are"
    : "the service does not list them in the order of their ids";
}

function identify(row: string): { readonly id: string | undefined; readonly created: string } {
  const object = members(row);
  return {
    id: idText(object?.get("id")),
    created: plain(object?.get("created_at")) ?? "",
  };
}
