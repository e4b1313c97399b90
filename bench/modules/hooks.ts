import { appendFileSync } from "node:fs";
import type { LoadHook } from "node:module";

/** A module hook that records the URL of every loaded module. */
export const load: LoadHook = async (url, context, next) => {
  appendFileSync(process.env["BENCH_MODULES_FILE"] ?? "", `${url}\n`);
  return await next(url, context);
};
