import { readFileSync } from "node:fs";

// Only loads the modules of a list.
for (const url of readFileSync(process.argv[2] ?? "", "utf8")
  .trim()
  .split("\n"))
  await import(url);
process.exit();
