import { writeFileSync } from "node:fs";

// Loaded before a measured program, by `node --import`: writes what the process used when it ends.
const file = process.env["BENCH_USAGE_FILE"];
process.on("exit", () => {
  if (file !== undefined) writeFileSync(file, JSON.stringify(process.resourceUsage()));
});
