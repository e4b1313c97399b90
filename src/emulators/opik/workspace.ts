import { OpikClock } from "./clock.ts";
import { OpikDataset } from "./dataset.ts";
import type { OpikEntity } from "./dataset.ts";
import type { Json, Members } from "./json.ts";

export interface NewEntity extends Members {
  readonly id?: string;
  readonly name: Json;
}

export interface WorkspaceOptions {
  readonly clock?: OpikClock;
  readonly user?: string;
  /** False for an older service, which has no dataset versions. */
  readonly versioned?: boolean;
}

/** An Opik workspace in memory, to be changed as its users would change it. An unknown id throws a RangeError. */
export class OpikWorkspace {
  readonly clock: OpikClock;
  readonly #user: string;
  readonly #versioned: boolean;
  readonly #projects = new Map<string, OpikEntity>();
  readonly #datasets = new Map<string, OpikDataset>();

  constructor({ clock = new OpikClock(), user = "ada", versioned = true }: WorkspaceOptions = {}) {
    this.clock = clock;
    this.#user = user;
    this.#versioned = versioned;
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
    this.#projects.set(id, { ...project, ...this.#updated(), ...change });
  }

  deleteProject(id: string): void {
    requireExisting(this.#projects, id);
    this.#projects.delete(id);
  }

  /** Newest id first. */
  get datasets(): OpikDataset[] {
    return newestFirst(this.#datasets);
  }

  dataset(id: string): OpikDataset | undefined {
    return this.#datasets.get(id);
  }

  addDataset(given: NewEntity): OpikDataset {
    const entity = this.#entity({ type: "dataset", visibility: "private", ...given });
    const dataset = new OpikDataset(entity, {
      clock: this.clock,
      user: this.#user,
      versioned: this.#versioned,
    });
    this.#datasets.set(dataset.id, dataset);
    return dataset;
  }

  /** Changes the dataset itself; its items are changed on the dataset that `dataset` returns. */
  updateDataset(id: string, change: Members): void {
    const dataset = requireExisting(this.#datasets, id);
    dataset.entity = { ...dataset.entity, ...this.#updated(), ...change };
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
      created_by: this.#user,
      last_updated_at: created_at,
      last_updated_by: this.#user,
      ...given,
    };
  }

  #updated(): Members {
    return { last_updated_at: this.clock.nextInstant(), last_updated_by: this.#user };
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
