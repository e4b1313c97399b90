import { OpikClock } from "./clock.ts";
import { OpikDataset } from "./dataset.ts";
import type { OpikEntity } from "./dataset.ts";
import type { Json, Members } from "./json.ts";

/** A project or dataset to create. Any member given here replaces a generated one. */
interface NewEntity extends Members {
  readonly id?: string;
  readonly name: Json;
}

/** How a workspace is created. */
export interface WorkspaceOptions {
  readonly clock?: OpikClock;
  /** The author of everything created here, and who the key belongs to (default: `ada`). */
  readonly user?: string;
  /** False for an older server without dataset versions. */
  readonly versioned?: boolean;
}

/** An in-memory Opik workspace, changed as its users would. Unknown ids throw a RangeError. */
export class OpikWorkspace {
  readonly clock: OpikClock;
  /** The author of everything created here, and who the key belongs to. */
  readonly user: string;
  /** False for an older server without dataset versions. */
  readonly versioned: boolean;
  readonly #projects = new Map<string, OpikEntity>();
  readonly #datasets = new Map<string, OpikDataset>();

  constructor({ clock = new OpikClock(), user = "ada", versioned = true }: WorkspaceOptions = {}) {
    this.clock = clock;
    this.user = user;
    this.versioned = versioned;
  }

  /** Newest id first. */
  get projects(): OpikEntity[] {
    return newestFirst(this.#projects);
  }

  addProject(given: NewEntity): OpikEntity {
    const project = this.#entity({ visibility: "private", ...given });
    this.#projects.set(project.id, project);
    return project;
  }

  updateProject(id: string, change: Members): void {
    const project = requireExisting(this.#projects, id);
    this.#projects.set(id, { ...project, ...this.#updateStamp(), ...change });
  }

  deleteProject(id: string): void {
    requireExisting(this.#projects, id);
    this.#projects.delete(id);
  }

  /** Newest id first. */
  get datasets(): OpikDataset[] {
    return newestFirst(this.#datasets);
  }

  project(id: string): OpikEntity | undefined {
    return this.#projects.get(id);
  }

  dataset(id: string): OpikDataset | undefined {
    return this.#datasets.get(id);
  }

  /**
   * With `migrates`, the dataset is from a server before versions: its items are to be written
   * without one, and the first read of them makes it.
   */
  addDataset(given: NewEntity, { migrates = false } = {}): OpikDataset {
    const entity = this.#entity({ type: "dataset", visibility: "private", ...given });
    const dataset = new OpikDataset(entity, {
      clock: this.clock,
      user: this.user,
      versioned: this.versioned,
      migrates,
    });
    this.#datasets.set(dataset.id, dataset);
    return dataset;
  }

  /** Changes the dataset's own members. To change its items, use the object from `dataset()`. */
  updateDataset(id: string, change: Members): void {
    const dataset = requireExisting(this.#datasets, id);
    dataset.entity = { ...dataset.entity, ...this.#updateStamp(), ...change };
  }

  deleteDataset(id: string): void {
    requireExisting(this.#datasets, id);
    this.#datasets.delete(id);
  }

  #entity(given: NewEntity): OpikEntity {
    const id = given.id ?? this.clock.nextId();
    const created_at = this.clock.nextInstant();
    return {
      id,
      created_at,
      created_by: this.user,
      last_updated_at: created_at,
      last_updated_by: this.user,
      ...given,
    };
  }

  #updateStamp(): Members {
    return { last_updated_at: this.clock.nextInstant(), last_updated_by: this.user };
  }
}

function newestFirst<T>(byId: ReadonlyMap<string, T>): T[] {
  return [...byId].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, entity]) => entity);
}

function requireExisting<T>(byId: ReadonlyMap<string, T>, id: string): T {
  const entity = byId.get(id);
  if (entity === undefined) throw new RangeError(`no project or dataset ${id}`);
  return entity;
}
