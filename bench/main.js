import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { closest } from "fastest-levenshtein";
import yargs from "yargs";

const root = resolve(import.meta.dirname, "..");
const scenarios = readdirSync(join(import.meta.dirname, "scenarios")).map((file) =>
  basename(file, ".ts"),
);
const options = {
  short: { type: "boolean", default: false, describe: "Use small sizes that take seconds" },
  results: {
    ...{ type: "string", requiresArg: true, default: join(root, "bench/results") },
    defaultDescription: "bench/results",
    describe: "Folder to save the figures in",
  },
  build: {
    ...{ type: "boolean", default: true },
    describe: "Build first; --no-build measures the last build",
  },
};

const parser = yargs(process.argv.slice(2))
  .scriptName("npm run bench --")
  .usage("$0 [scenario...]\n\nCompare the cost of a sync with that of the database alone.")
  .epilogue(`Scenarios (default: all): ${scenarios.join(", ")}`)
  .options(options)
  .version(false)
  .fail((message) => refuse(message));
const { _: words, short, results, build, ...others } = await parser.parse();
for (const word of words) requireKnown("scenario", String(word), scenarios);
for (const word of Object.keys(others)) {
  if (word !== "$0" && word !== "help") requireKnown("option", word, Object.keys(options));
}

if (build) {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  runNode(join(root, "scripts/build.js"));
  runNode(tsc, "-p", join(root, "tsconfig.bench.json"));
}
const built = join(root, "dist/bench/bench/bench.js");
if (!existsSync(built)) refuse("not built yet; leave out --no-build");
const { bench } = await import(pathToFileURL(built).href);
process.exitCode = await bench({ names: words, short, results });

function requireKnown(kind, word, valid) {
  if (valid.includes(word)) return;
  refuse(`unknown ${kind} "${word}"; did you mean "${closest(word, valid)}"? --help lists all`);
}

function refuse(message) {
  process.stderr.write(`npm run bench: ${message}\n`);
  process.exit(2);
}

/** Runs a script, and exits if it fails; it has then printed the reason. */
function runNode(...args) {
  try {
    execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  } catch (error) {
    process.exit(error.status ?? 1);
  }
}
