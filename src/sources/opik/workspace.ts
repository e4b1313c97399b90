import { z } from "zod";
import type { Checkpoint, ReadOptions, SourceContext } from "../../core/source.ts";
import { SavedList } from "../../engine/listing/saved-list.ts";
import { TrackedList } from "../../engine/listing/tracked-list.ts";
import { refusalOf } from "../../engine/mass-deletion.ts";
import type { Client } from "../../http/client.ts";
import { WorkspaceAccess } from "./access.ts";
import { apiPath, opikClient } from "./client.ts";
import type { OpikConfig } from "./config.ts";
import { isMissing } from "./missing.ts";
import { WorkspaceLists, type ListName, type OpikObject } from "./workspace-lists.ts";

/** A list of the workspace beside what one stream knows of it. */
export interface WorkspaceList {
  readonly tracked: TrackedList<OpikObject>;
  /** What the stream saves with the list. */
  readonly toSave: Checkpoint;
  /** The service shows far fewer of either list than the last time: nothing may be marked. */
  readonly isRefused: boolean;
}

interface TrackOptions {
  /** What the stream's rows depend on. */
  readonly scope: string;
  readonly options: ReadOptions;
}

/** The workspace as one sync reads it: its client, the proofs of its login, and its lists. */
export class Workspace {
  readonly config: OpikConfig;
  readonly client: Client;
  readonly access: WorkspaceAccess;
  readonly #lists: WorkspaceLists;

  constructor(config: OpikConfig, context: SourceContext) {
    this.config = config;
    this.client = opikClient(config, context);
    this.access = new WorkspaceAccess(this.client, config);
    this.#lists = new WorkspaceLists(this.client, config, this.access);
  }

  /** Proves that host, login and workspace work. */
  async check(): Promise<void> {
    await this.client.getJson(`${apiPath}/projects`, { query: { page: 1, size: 1 } });
    await this.access.prove();
  }

  /**
   * Lists the projects or datasets for a stream. If the service shows far fewer of either than the
   * last time, nothing of the workspace is marked as deleted.
   */
  async track(name: ListName, { scope, options }: TrackOptions): Promise<WorkspaceList> {
    const { COMET_OPIK_WORKSPACE: workspace = "default" } = this.config;
    const label = `workspace "${workspace}"`;
    const list = { partition: "", where: {}, label, noun: name, scope, options };
    const saved = new SavedList(list);
    const lists = await this.#lists.get();
    const other = name === "projects" ? "datasets" : "projects";
    // Nothing that a stream's scope depends on changes what is listed.
    const before = sizesShape.parse(options.checkpoints.get("") ?? {});
    const own = { noun: name, believed: before.believed, shown: lists[name].items.size };
    const others = { noun: other, believed: before.other, shown: lists[other].items.size };
    const refusedBy =
      refusalOf({ where: label, ...own }, options) ??
      refusalOf({ where: label, ...others }, options);
    const tracked = new TrackedList({ ...list, refusedBy }, saved, lists[name]);
    const isRefused = refusedBy !== undefined;
    const toSave = isRefused
      ? { believed: own.believed || own.shown, other: others.believed || others.shown }
      : { other: others.shown };
    return { tracked, toSave, isRefused };
  }

  /** Which datasets that a proven listing lacks the service does not know by their id either. */
  async findGoneDatasets(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const gone = new Set<string>();
    await Promise.all(
      ids.map(async (id) => {
        if (!(await this.datasetExists(id))) gone.add(id);
      }),
    );
    await this.access.prove();
    return gone;
  }

  /** Whether the service knows a dataset by its id. */
  async datasetExists(id: string): Promise<boolean> {
    try {
      await this.client.getJson(`${apiPath}/datasets/${encodeURIComponent(id)}`);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

/** How many items a stream's own list, and the other one, had when they were last believed. */
const sizesShape = z.object({ believed: z.int().default(0), other: z.int().default(0) });
