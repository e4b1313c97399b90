import { respond } from "../../support/faults.ts";
import type { Disturbance } from "../disturbance.ts";
import { requestKey } from "../http-proxy.ts";

/** Listings that misbehave or change while they are read. */
export const pagingDisturbances: readonly Disturbance[] = [
  {
    name: "the same page forever",
    outcomes: ["completed", "partial", "failed"],
    async disturb(run) {
      run.happened = false;
      run.proxy.rewrite = (request) => {
        const first = run.service.firstPageRequest(request);
        run.happened ||= first !== undefined && requestKey(first) !== requestKey(request);
        return first ?? request;
      };
      return await run.startAndWait();
    },
  },
  {
    name: "an empty page before the end",
    outcomes: ["completed", "partial", "failed"],
    async disturb(run) {
      const { proxy, service, random } = run;
      const [position, isTemporary] = [random.between(0, 4), random.oneIn(2)];
      const pages: string[] = [];
      // If the listing keeps hiding rows, only the next sync's result is certain.
      run.isServiceChanging = !isTemporary;
      run.happened = false;
      proxy.fault = ({ request, body }) => {
        const emptied = service.emptyPage(body);
        if (emptied === undefined) return undefined;
        pages.push(request.url.href + request.body);
        const isHit = isTemporary
          ? pages.length - 1 === position
          : pages.at(-1) === pages[position];
        run.happened ||= isHit;
        return isHit ? respond(emptied) : undefined;
      };
      return await run.startAndWait();
    },
  },
  {
    name: "rows inserted, changed and deleted between pages",
    outcomes: ["completed", "partial", "failed"],
    async disturb(run) {
      const { proxy, service, random } = run;
      const every = random.between(1, 6);
      let left = 12;
      run.isServiceChanging = true;
      run.happened = false;
      proxy.onResponse = ({ index }) => {
        if (index % every !== 0 || left === 0) return;
        run.happened = true;
        left -= 1;
        service.change(random);
      };
      return await run.startAndWait();
    },
  },
  {
    name: "a page size capped by the server",
    outcomes: ["completed"],
    requiredFault: "smallPages",
    async disturb(run) {
      const uncap = run.service.faults.smallPages?.(run.random);
      try {
        return await run.startAndWait();
      } finally {
        uncap?.();
      }
    },
  },
];
