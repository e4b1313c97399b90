/** Loaded before the program: its clock is ahead of this computer's by so many milliseconds, its timers run as ever. */
const aheadMs = Number(process.env["CHAOS_AHEAD_MS"]);
const here = Date.now;

Date.now = () => here() + aheadMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, given) => Reflect.construct(target, given.length > 0 ? given : [Date.now()]),
});
