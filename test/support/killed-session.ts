import type { Session } from "../../src/core/destination.ts";

/** The process was killed. */
export class Killed extends Error {}

/**
 * A session that commits each batch in a transaction of its own, and whose process is killed before
 * or after one of them.
 *
 * @param commits - How many transactions are committed before the end; Infinity for no end.
 */
export function killAfter(session: Session, commits: number): Session {
  let left = commits;
  return new Proxy(session, {
    get(target, name) {
      if (name !== "write") {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      }
      return async (batches: Parameters<Session["write"]>[0]) => {
        let result: Awaited<ReturnType<Session["write"]>> = new Map();
        for (const batch of batches) {
          if (left === 0) throw new Killed("killed");
          left -= 1;
          result = await target.write([batch]);
        }
        return result;
      };
    },
  });
}
