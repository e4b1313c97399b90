import { withCallerMessage } from "../../../core/caller-message.ts";
import { ConfigError } from "../../../core/errors.ts";

/** Where a project is: the path `entity/project` in W&B. */
export interface ProjectPath {
  readonly entity: string;
  readonly project: string;
}

/** The part of a response that tells whether the login and the project were accepted. */
interface ProjectData<Project> {
  readonly viewer?: unknown;
  readonly project?: Project | null | undefined;
}

/**
 * The project in a response. Throws a ConfigError if there is none, or if the service does not
 * know the key: without it, only what is public is shown, which looks like deletions.
 */
export function requireProject<Project>(
  { viewer, project }: ProjectData<Project>,
  { entity, project: name }: ProjectPath,
): Project {
  if (viewer == null) throw unknownKey();
  if (project != null) return project;
  throw withCallerMessage(
    new ConfigError(
      `no project "${name}" in "${entity}", or the key has no access to it; check wandb.entity and wandb.project`,
      { isPartial: true },
    ),
    "there is no such project, or the key has no access to it; check wandb.entity and wandb.project",
  );
}

/** The error for a response that does not say whose key it is. */
export function unknownKey(): ConfigError {
  return withCallerMessage(
    new ConfigError("the service does not recognize the key; check wandb.api_key"),
  );
}
