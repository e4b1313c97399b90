import { appendFileSync } from "node:fs";
import type { LoadHook } from "node:module";

/** Writes down every module that is loaded. */
export const load: LoadHook = async (url, context, next) => {
  appendFileSync(process.env["BENCH_MODULES_FILE"] ?? "", `${url}\n`);
  return await next(url, context);
};
