import { respond } from "../../support/faults.ts";
import type { Disturbance } from "../disturbance.ts";
import { spelled } from "../http-proxy.ts";

/** What lists do to those who page through them. */
export const pagingDisturbances: readonly Disturbance[] = [
  {
    name: "the same page for ever",
    outcomes: ["completed", "partial", "failed"],
    async disturb(bout) {
      bout.happened = false;
      bout.proxy.rewrite = (request) => {
        const first = bout.service.firstPage(request);
        bout.happened ||= first !== undefined && spelled(first) !== spelled(request);
        return first ?? request;
      };
      return await bout.run();
    },
  },
  {
    name: "an empty page with more to come",
    outcomes: ["completed", "partial", "failed"],
    async disturb(bout) {
      const { proxy, service, random } = bout;
      const [place, isPassing] = [random.between(0, 4), random.oneIn(2)];
      const pages: string[] = [];
      // A list that goes on hiding rows is read again by the next sync; nobody can say what this one has to show.
      bout.restless = !isPassing;
      bout.happened = false;
      proxy.fault = ({ request, body }) => {
        const text = service.emptied(body);
        if (text === undefined) return undefined;
        pages.push(request.url.href + request.body);
        const isHit = isPassing ? pages.length - 1 === place : pages.at(-1) === pages[place];
        bout.happened ||= isHit;
        return isHit ? respond(text) : undefined;
      };
      return await bout.run();
    },
  },
  {
    name: "rows that are inserted, changed and deleted between pages",
    outcomes: ["completed", "partial", "failed"],
    async disturb(bout) {
      const { proxy, service, random } = bout;
      const every = random.between(1, 6);
      let left = 12;
      bout.restless = true;
      bout.happened = false;
      proxy.onAnswer = ({ number }) => {
        if (number % every !== 0 || left === 0) return;
        bout.happened = true;
        left -= 1;
        service.change(random);
      };
      return await bout.run();
    },
  },
  {
    name: "a page size that the server caps",
    outcomes: ["completed"],
    trap: "caps",
    async disturb(bout) {
      const uncap = bout.service.traps.caps?.(bout.random);
      try {
        return await bout.run();
      } finally {
        uncap?.();
      }
    },
  },
];
