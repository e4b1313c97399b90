import { dirname } from "node:path";
import {
  cruise,
  type ICruiseResult,
  type IForbiddenRuleType,
  type IModule,
} from "dependency-cruiser";

/** Folders of `src` that each folder may import besides itself. `cli` may import all of them. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  json: ["core"],
  engine: ["core"],
  destination: ["core"],
  configuration: ["core"],
  metrics: ["core"],
  emulators: ["core"],
  report: ["json", "core"],
  http: ["json", "engine", "core"],
  sources: ["http", "engine", "json", "core"],
  connector: ["configuration", "destination", "http", "engine", "json", "core"],
  singer: ["destination", "engine", "json", "core"],
  fivetran: ["connector", "destination", "engine", "core"],
};

const ours = /^(src|migrations)(\/|$)/;

const moveDown = "move what both need down, into a file that imports neither";

const rules: readonly IForbiddenRuleType[] = [
  ...Object.entries(layers).map(([layer, below]) => layerRule(layer, below)),
  {
    name: "migrations",
    comment: "migrations import nothing of src: they must keep working when src changes",
    from: { path: "^migrations/" },
    to: { path: "^src/" },
  },
  {
    name: "sources-apart",
    comment: "sources never import each other: move what both need into http, json or core",
    from: { path: "^src/sources/([^/]+)/" },
    to: { path: "^src/sources/[^/]+/", pathNot: "^src/sources/$1/" },
  },
  {
    name: "drivers",
    comment: "only a dialect imports a database driver: add a method to Dialect or Transaction",
    from: { path: "^(src|migrations)/", pathNot: "^src/destination/(sqlite|postgres)/" },
    to: { path: "^node_modules/(better-sqlite3|pg|pg-copy-streams|@types/(better-sqlite3|pg))/" },
  },
  {
    name: "file-circle",
    comment: `files import each other in a circle: ${moveDown}`,
    from: {},
    to: { circular: true },
  },
];

function layerRule(layer: string, below: readonly string[]): IForbiddenRuleType {
  const allowed = below.length === 0 ? "nothing of ours" : `only ${below.join(", ")}`;
  const others = layer === "destination" ? "|^migrations/" : "";
  return {
    name: layer,
    comment: `${layer} imports ${allowed}: move the import's target down, or pass the value in`,
    from: { path: `^src/${layer}/` },
    to: {
      path: "^(src|migrations)/",
      pathNot: `^src/(${[layer, ...below].join("|")})/${others}`,
    },
  };
}

/**
 * Checks the import law in the folders `src` and `migrations` of `baseDir`. Returns a line for each
 * import that breaks it, with what to do.
 */
export async function importViolations(baseDir: string): Promise<readonly string[]> {
  const { output } = await cruise(["src", "migrations"], {
    baseDir,
    ruleSet: { forbidden: [...rules] },
    validate: true,
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  });
  const { summary, modules } = output as ICruiseResult;
  const broken = summary.violations.map(({ from, to, cycle, rule }) => {
    const path = cycle ? [from, ...cycle.map(({ name }) => name)] : [from, to];
    const comment = rules.find(({ name }) => name === rule.name)?.comment ?? "";
    return `${path.join(" -> ")}: ${comment}`;
  });
  return [...broken, ...folderCircles(modules)];
}

/** Folders whose own files import each other in a circle, a folder and its parent included. */
function folderCircles(modules: readonly IModule[]): readonly string[] {
  const imports = modules.flatMap(({ source, dependencies }) =>
    dependencies
      .map(({ resolved }) => ({ source, resolved, from: dirname(source), to: dirname(resolved) }))
      .filter(({ from, to }) => from !== to && ours.test(from) && ours.test(to)),
  );
  const reaches = (from: string, target: string, seen = new Set<string>()): boolean =>
    imports.some((edge) => {
      if (edge.from !== from || seen.has(edge.to)) return false;
      seen.add(edge.to);
      return edge.to === target || reaches(edge.to, target, seen);
    });
  return imports
    .filter(({ from, to }) => reaches(to, from))
    .map(
      ({ source, resolved }) =>
        `${source} -> ${resolved}: their folders import each other in a circle: ${moveDown}`,
    );
}
