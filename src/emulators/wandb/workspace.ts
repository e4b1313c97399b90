import { WandbClock } from "./clock.ts";
import { globalId, WandbProject } from "./project.ts";
import type { ProjectFields } from "./project.ts";

export interface WorkspaceOptions {
  readonly entity?: string;
  readonly user?: string;
  readonly clock?: WandbClock;
}

/** The projects of one entity in memory, to be changed as its users would change them. */
export class WandbWorkspace {
  readonly entity: string;
  readonly user: string;
  readonly clock: WandbClock;
  readonly #projects = new Set<WandbProject>();
  #projectsEver = 0;

  constructor({ entity = "acme", user = "ada", clock = new WandbClock() }: WorkspaceOptions = {}) {
    this.entity = entity;
    this.user = user;
    this.clock = clock;
  }

  /** Oldest first. */
  get projects(): readonly WandbProject[] {
    return [...this.#projects];
  }

  project(name: string): WandbProject | undefined {
    return this.projects.find((project) => project.name === name);
  }

  addProject({ name, ...given }: Partial<ProjectFields> & { readonly name: string }): WandbProject {
    if (this.project(name)) throw new RangeError(`there is a project ${name}`);
    const { clock, entity, user } = this;
    const createdAt = given.createdAt ?? clock.nextInstant();
    const number = (this.#projectsEver += 1);
    const project = new WandbProject(
      { description: null, updatedAt: createdAt, ...given, createdAt, name },
      { id: globalId(`Project:v1:${name}:${entity}`), number, entity, user, clock },
    );
    this.#projects.add(project);
    return project;
  }

  /** Gives a project another name; its id and those of its runs stay. */
  renameProject(project: WandbProject, name: string): void {
    project.fields = { ...project.fields, name, updatedAt: this.clock.nextInstant() };
  }

  deleteProject(project: WandbProject): void {
    if (!this.#projects.delete(project)) throw new RangeError(`no project ${project.name}`);
  }
}
