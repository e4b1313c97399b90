import type { CutMoment } from "../../support/cutting-proxy.ts";
import { expect } from "vitest";
import { outcomeOf, type Disturbance } from "../disturbance.ts";
import { changeHolder, expireLease } from "../lease.ts";
import type { PostgresStorage } from "../storage.ts";
import { dropTables, runWithCut } from "./postgres.ts";
import { interrupt } from "./process.ts";

type OnPostgres = Disturbance<PostgresStorage>;

const moments: readonly (readonly [CutMoment, string])[] = [
  ["silent before", "commit\0"],
  ["silent after", "commit\0"],
  ["silent before", "copy pg_temp"],
  ["silent after", "begin;"],
];

/** A server, or a network, that says nothing more while all connections stay open. */
export const silentPostgresDisturbances: readonly OnPostgres[] = [
  ...moments.map(([moment, text]): OnPostgres => {
    const name = text.replace(/[\0;]/, "").toUpperCase();
    return {
      name: `a Postgres that is ${moment} ${name}`,
      outcomes: ["completed"],
      async disturb(run) {
        return await runWithCut(run, [moment, text], { general: { statement_seconds: 2 } });
      },
    };
  }),
  {
    name: "a lost host in COPY",
    outcomes: ["completed"],
    async disturb(run) {
      const { storage } = run;
      await dropTables(run);
      storage.tcpProxy.cutAt("copy ", "silent after");
      const lost = run.start();
      await run.waitUntil(lost, () => !storage.tcpProxy.isArmed);
      run.happened = !storage.tcpProxy.isArmed;
      if (!run.happened) return await lost.ended;
      lost.child.kill("SIGKILL");
      await lost.ended;
      // As of another host, so that its end cannot be seen from here.
      await changeHolder(storage, { host: "lost" });
      const early = await run.startAndWait();
      expect(outcomeOf(early), early.stderr).toBe("locked");
      await expireLease(storage);
      return await run.startAndWait();
    },
  },
  {
    name: "a silent Postgres, and SIGTERM",
    outcomes: ["interrupted", "completed"],
    async disturb(run) {
      const { tcpProxy } = run.storage;
      const running = run.start();
      await run.waitForResponses(running);
      tcpProxy.silenceAll();
      try {
        return await interrupt(running, "SIGTERM");
      } finally {
        tcpProxy.cutAll({ acceptNew: true });
      }
    },
  },
];
