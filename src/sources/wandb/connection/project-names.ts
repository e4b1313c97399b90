import { tryParseJson } from "../../../core/config-field.ts";
import { allProjects } from "./config.ts";

type Settings = Readonly<Record<string, unknown>>;

/**
 * Settings with `project` in the forms that people write: `*`, a list, or with the entity before
 * the name. Names of several entities stay as they are, for the schema to refuse.
 */
export function normalizeProjects(settings: Settings): Settings {
  const { entity, project: written, ...others } = settings;
  const project = tryParseJson(written);
  const given = [project].flat();
  // Both would be a contradiction, which the schema reports.
  if ([others["projects"] ?? []].flat().length > 0) return settings;
  if (!given.every((name) => typeof name === "string" && name !== "")) return settings;
  const paths = given.map((name) => /^([^/]+)\/([^/]+)$/.exec(String(name)));
  const entities = new Set(paths.map((path) => path?.[1] ?? entity));
  const [owner] = entities;
  const isOfOne = entities.size === 1 && (entity === undefined || owner === entity);
  const names = isOfOne ? paths.map((path, index) => path?.[2] ?? given[index]) : given;
  const isSeveral = Array.isArray(project) && names.length > 1;
  const [first] = names;
  return {
    ...others,
    ...(isOfOne && owner !== undefined
      ? { entity: owner }
      : entity === undefined
        ? {}
        : { entity }),
    ...(isSeveral || first === allProjects ? { projects: names } : { project: first }),
  };
}
