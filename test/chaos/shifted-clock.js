/**
 * Preloaded into the program: moves its clock ahead of this computer's by `CHAOS_AHEAD_MS`. Timers
 * are not affected.
 */
const aheadMs = Number(process.env["CHAOS_AHEAD_MS"]);
const realNow = Date.now;

Date.now = () => realNow() + aheadMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => Reflect.construct(target, args.length > 0 ? args : [Date.now()]),
});
