import { writeFileSync } from "node:fs";

// Preloaded with `node --import`: writes the process's resource usage when it exits.
const file = process.env["BENCH_USAGE_FILE"];
process.on("exit", () => {
  if (file !== undefined) writeFileSync(file, JSON.stringify(process.resourceUsage()));
});
