import assert from "node:assert/strict";
import type { Attempt, SourceSubject } from "./suite.ts";
import { contents, syncSource, type Synced } from "./sync-source.ts";
import { Trial } from "./sandbox.ts";

/** More interruptions than this show nothing new, and take their time. */
const maxInterruptions = 20;

/** That a copy is the same however often it was interrupted, and that nothing is written twice. */
export function resumeChecks(subject: SourceSubject): readonly Attempt[] {
  return [...interruptionChecks(subject), ...changeChecks(subject)];
}

function interruptionChecks({ connector, start }: SourceSubject): readonly Attempt[] {
  return [
    {
      name: "writes nothing in a second sync, nor in a full refresh",
      async run() {
        await using service = await start();
        await using trial = await Trial.open();
        const once = { settings: service.configuration, destination: trial.database("copy") };
        assertCompleted(await syncSource(connector, trial, once));
        const before = await contents(connector, trial, once);
        for (const fullRefresh of [false, true]) {
          const again = await syncSource(connector, trial, { ...once, fullRefresh });
          assertCompleted(again);
          for (const [stream, { inserted, updated, deleted }] of again.counts)
            assert.deepEqual({ inserted, updated, deleted }, nothing, `${stream}: written again`);
          assert.deepEqual(await contents(connector, trial, once), before);
        }
      },
    },
    {
      name: "comes to the same tables when it was interrupted after any batch, and resumed",
      async run() {
        await using service = await start();
        await using trial = await Trial.open();
        const { configuration: settings } = service;
        const whole = { settings, destination: trial.database("whole") };
        const { batches } = await syncSource(connector, trial, whole);
        const expected = await contents(connector, trial, whole);
        for (const at of spread(batches)) {
          const copy = { settings, destination: trial.database(`after-${at}`) };
          await syncSource(connector, trial, { ...copy, batches: at });
          assertCompleted(await syncSource(connector, trial, copy));
          assert.deepEqual(
            await contents(connector, trial, copy),
            expected,
            `interrupted after batch ${at} of ${batches}`,
          );
        }
      },
    },
  ];
}

function changeChecks({ connector, start }: SourceSubject): readonly Attempt[] {
  return [
    {
      name: "finds what is new, changed and gone: the next sync comes to the same rows as a new copy",
      async run() {
        await using service = await start();
        await using trial = await Trial.open();
        const { configuration: settings } = service;
        const old = { settings, destination: trial.database("old") };
        await syncSource(connector, trial, old);
        if (!service.change) return;
        await service.change();
        assertCompleted(await syncSource(connector, trial, old));
        const fresh = { settings, destination: trial.database("fresh") };
        assertCompleted(await syncSource(connector, trial, fresh));
        const expected = await contents(connector, trial, { ...fresh, standing: true });
        assert.notEqual(
          Object.values(expected).flat().length,
          0,
          "nothing is left after the change",
        );
        assert.deepEqual(await contents(connector, trial, { ...old, standing: true }), expected);
      },
    },
  ];
}

const nothing = { inserted: 0, updated: 0, deleted: 0 };

function assertCompleted({ status, failures }: Synced): void {
  const why = [...failures].map(([stream, { message }]) => `${stream}: ${message}`).join("; ");
  assert.equal(status, "completed", why);
}

/** Numbers from 0 to below `count`, evenly, at most so many. */
function spread(count: number): number[] {
  const step = Math.max(1, Math.ceil(count / maxInterruptions));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}
