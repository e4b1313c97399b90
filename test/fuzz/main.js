import { randomInt } from "node:crypto";
import yargs from "yargs";
import { runTests } from "../support/run-tests.js";

const options = await yargs(process.argv.slice(2))
  .scriptName("npm run fuzz --")
  .usage("$0\n\nLets services answer nonsense. A failure says how to repeat it.")
  .option("answers", { type: "number", default: 1000, describe: "Garbled answers per source" })
  .option("seed", {
    type: "number",
    default: randomInt(2 ** 30),
    describe: "Seed of the first scenario",
  })
  .option("source", { choices: ["opik", "wandb", "countly"], describe: "Default: all" })
  .strict()
  .parse();

const { answers, seed, source } = options;
process.stdout.write(`npm run fuzz -- --answers ${answers} --seed ${seed}\n`);
runTests("test/fuzz", {
  FUZZ_ANSWERS: String(answers),
  FUZZ_SEED: String(seed),
  FUZZ_SOURCE: source,
});
