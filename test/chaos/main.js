import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import yargs from "yargs";

const options = await yargs(process.argv.slice(2))
  .scriptName("npm run chaos --")
  .usage("$0\n\nRuns the program under random disturbances. A failure says how to repeat it.")
  .option("rounds", { type: "number", default: 20, describe: "Rounds on each kind of database" })
  .option("seed", {
    type: "number",
    default: randomInt(2 ** 30),
    describe: "Seed of the first round",
  })
  .option("only", {
    type: "string",
    default: "",
    describe: "Only disturbances whose names contain this",
  })
  .option("destination", { choices: ["sqlite", "postgres"], describe: "Default: both" })
  .option("path", { type: "string", describe: "A single history, from the message of its failure" })
  .strict()
  .parse();

const { rounds, seed, only, destination, path } = options;
process.stdout.write(`npm run chaos -- --rounds ${rounds} --seed ${seed}\n`);
const root = join(import.meta.dirname, "../..");
const vitest = join(
  dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
  "vitest.mjs",
);
const child = spawn(process.execPath, [vitest, "run", "test/chaos"], {
  cwd: root,
  stdio: "inherit",
  env: {
    ...process.env,
    CHAOS_ROUNDS: String(rounds),
    CHAOS_SEED: String(seed),
    CHAOS_ONLY: only,
    ...(destination === undefined ? {} : { CHAOS_DESTINATION: destination }),
    ...(path === undefined ? {} : { CHAOS_PATH: path }),
  },
});
child.on("close", (status) => {
  process.exitCode = status ?? 1;
});
