import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** Which folders may import which. A folder that is not listed may import all. */
const layers: Readonly<Record<string, readonly string[]>> = {
  "src/core": [],
  "src/json": ["src/core"],
  "src/engine": ["src/core", "src/core/destination.ts"],
  "src/http": ["src/core", "src/json", "src/engine"],
  "src/sources": ["src/core", "src/json", "src/engine", "src/http"],
  "src/destination": ["src/core", "migrations"],
  migrations: [],
  "src/configuration": ["src/core"],
  "src/metrics": ["src/core", "src/destination"],
  "src/singer": ["src/core", "src/json", "src/engine", "src/destination"],
  "src/fivetran": ["src/core", "src/engine", "src/connector", "src/destination"],
  "src/create": ["src/core", "src/connector"],
  "src/connector": [
    "src/core",
    "src/json",
    "src/engine",
    "src/http",
    "src/destination",
    "src/configuration",
    "src/configuration/configuration.ts",
    "src/configuration/configuration-file.ts",
    "src/engine/sync.ts",
  ],
  "src/demo": ["src/core"],
  "src/emulators": ["src/core"],
};

const typesOnly: Readonly<Record<string, readonly string[]>> = {};

const files = ["src", "migrations"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(root, folder, name)),
);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(file, "utf8");
  const found = text.matchAll(
    /(import|export)( type)?\b[^;"]*?from "(\.[^"]+)"|import\("(\.[^"]+)"\)/g,
  );
  return [...found].map(([, , type, path, lazy]) => ({
    from: posix(file),
    to: posix(resolve(dirname(file), path ?? lazy ?? "")),
    typeOnly: type !== undefined,
  }));
});

function posix(file: string): string {
  return relative(root, file).split(sep).join("/");
}

function layerOf(file: string): string | undefined {
  return Object.keys(layers).find((layer) => file.startsWith(`${layer}/`));
}

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const layer = layerOf(from);
  if (layer === undefined || to.startsWith(`${layer}/`)) return true;
  const allowed = [...(layers[layer] ?? []), ...(typeOnly ? (typesOnly[layer] ?? []) : [])];
  return allowed.some((target) => to === target || to.startsWith(`${target}/`));
}

test("the imports of all files were found", () => {
  expect(files.length).toBeGreaterThan(40);
  expect(imports.length).toBeGreaterThan(files.length);
});

test("each layer imports only the layers below it", () => {
  expect(imports.filter((found) => !isAllowed(found))).toEqual([]);
});

test("sources never import each other", () => {
  const sourceOf = (file: string): string | undefined => /^src\/sources\/([^/]+)\//.exec(file)?.[1];
  const across = imports.filter(({ from, to }) => {
    const [source, target] = [sourceOf(from), sourceOf(to)];
    return source !== undefined && target !== undefined && source !== target;
  });
  expect(across).toEqual([]);
});

test("nothing but a destination's dialect imports a database driver", () => {
  const drivers = /from "(better-sqlite3|pg|pg-copy-streams)"|import\("(better-sqlite3|pg)"\)/;
  const users = files.filter((file) => drivers.test(readFileSync(file, "utf8"))).map(posix);
  expect(users.filter((file) => !file.startsWith("src/destination/"))).toEqual([]);
});

test("no file is a barrel, a helper or a collection of types", () => {
  const names = files
    .map(posix)
    .filter((file) => /\/(index|utils?|helpers?|types|constants)\.ts$/.test(file));
  expect(names).toEqual([]);
});
