import { WandbClock } from "./clock.ts";
import { globalId, WandbProject } from "./project.ts";
import type { ProjectFields } from "./project.ts";

/** How a workspace is created. */
export interface WorkspaceOptions {
  readonly entity?: string;
  readonly user?: string;
  readonly clock?: WandbClock;
  /**
   * For a server on which a run's `updatedAt` stays when only its config or summary are edited; it
   * is not known how the hosted one behaves.
   */
  readonly contentKeepsUpdatedAt?: boolean;
}

/** The in-memory projects of one entity, changed as its users would. */
export class WandbWorkspace {
  readonly entity: string;
  readonly user: string;
  readonly clock: WandbClock;
  readonly #contentKeepsUpdatedAt: boolean;
  readonly #projects = new Set<WandbProject>();
  #lastNumber = 0;

  constructor(options: WorkspaceOptions = {}) {
    this.entity = options.entity ?? "acme";
    this.user = options.user ?? "ada";
    this.clock = options.clock ?? new WandbClock();
    this.#contentKeepsUpdatedAt = options.contentKeepsUpdatedAt ?? false;
  }

  /** Oldest first. */
  get projects(): readonly WandbProject[] {
    return [...this.#projects];
  }

  project(name: string): WandbProject | undefined {
    return this.projects.find((project) => project.name === name);
  }

  /** Creates a project. Throws a RangeError if the name is in use. */
  addProject({ name, ...given }: Partial<ProjectFields> & { readonly name: string }): WandbProject {
    if (this.project(name)) throw new RangeError(`there is a project ${name}`);
    const { clock, entity, user } = this;
    const createdAt = given.createdAt ?? clock.nextInstant();
    const number = (this.#lastNumber += 1);
    const id = globalId(`Project:v1:${name}:${entity}`);
    const contentKeepsUpdatedAt = this.#contentKeepsUpdatedAt;
    const project = new WandbProject(
      { description: null, access: "PRIVATE", updatedAt: createdAt, ...given, createdAt, name },
      { id, number, entity, user, clock, contentKeepsUpdatedAt },
    );
    this.#projects.add(project);
    return project;
  }

  /** Renames a project; its id and those of its runs do not change. */
  renameProject(project: WandbProject, name: string): void {
    project.fields = { ...project.fields, name, updatedAt: this.clock.nextInstant() };
  }

  /** Deletes a project with its runs. Throws a RangeError if it is not in the workspace. */
  deleteProject(project: WandbProject): void {
    if (!this.#projects.delete(project)) throw new RangeError(`no project ${project.name}`);
  }
}
