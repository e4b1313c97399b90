import { randomInt } from "node:crypto";
import yargs from "yargs";
import { runTests } from "../support/run-tests.js";

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
runTests("test/chaos", {
  CHAOS_ROUNDS: String(rounds),
  CHAOS_SEED: String(seed),
  CHAOS_ONLY: only,
  CHAOS_DESTINATION: destination,
  CHAOS_PATH: path,
});
