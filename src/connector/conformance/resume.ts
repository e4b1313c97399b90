import assert from "node:assert/strict";
import type { CheckDefinition, SourceSubject } from "./subject.ts";
import { readTables, syncSource, type SyncResult } from "./sync-source.ts";
import { Sandbox } from "./sandbox.ts";

/** More interruptions than this show nothing new, and take their time. */
const maxInterruptions = 20;

/** That a copy is the same however often it was interrupted, and that nothing is written twice. */
export function resumeChecks(subject: SourceSubject): readonly CheckDefinition[] {
  return [...repeatChecks(subject), ...changeChecks(subject)];
}

function repeatChecks({ connector, start }: SourceSubject): readonly CheckDefinition[] {
  return [
    {
      name: "writes nothing in a second sync, nor in a full refresh",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const once = { settings: service.configuration, destination: trial.databaseUrl("copy") };
        assertCompleted(await syncSource(connector, trial, once));
        const before = await readTables(connector, trial, once);
        for (const fullRefresh of [false, true]) {
          const again = await syncSource(connector, trial, { ...once, fullRefresh });
          assertCompleted(again);
          for (const [stream, { inserted, updated, deleted }] of again.counts)
            assert.deepEqual({ inserted, updated, deleted }, noChanges, `${stream}: written again`);
          assert.deepEqual(await readTables(connector, trial, once), before);
        }
      },
    },
    {
      name: "comes to the same tables when it was interrupted after any batch, and resumed",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const { configuration: settings } = service;
        const whole = { settings, destination: trial.databaseUrl("whole") };
        const { batches } = await syncSource(connector, trial, whole);
        const expected = await readTables(connector, trial, whole);
        for (const at of evenlySpaced(batches)) {
          const copy = { settings, destination: trial.databaseUrl(`after-${at}`) };
          await syncSource(connector, trial, { ...copy, maxBatches: at });
          assertCompleted(await syncSource(connector, trial, copy));
          assert.deepEqual(
            await readTables(connector, trial, copy),
            expected,
            `interrupted after batch ${at} of ${batches}`,
          );
        }
      },
    },
  ];
}

function changeChecks({ connector, start }: SourceSubject): readonly CheckDefinition[] {
  return [
    {
      name: "finds what is new, changed and gone: the next sync comes to the same rows as a new copy",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const { configuration: settings } = service;
        const old = { settings, destination: trial.databaseUrl("old") };
        await syncSource(connector, trial, old);
        if (!service.change) return;
        await service.change();
        assertCompleted(await syncSource(connector, trial, old));
        const fresh = { settings, destination: trial.databaseUrl("fresh") };
        assertCompleted(await syncSource(connector, trial, fresh));
        const expected = await readTables(connector, trial, { ...fresh, withoutDeleted: true });
        assert.notEqual(
          Object.values(expected).flat().length,
          0,
          "nothing is left after the change",
        );
        assert.deepEqual(
          await readTables(connector, trial, { ...old, withoutDeleted: true }),
          expected,
        );
      },
    },
  ];
}

const noChanges = { inserted: 0, updated: 0, deleted: 0 };

function assertCompleted({ status, failures }: SyncResult): void {
  const why = [...failures].map(([stream, { message }]) => `${stream}: ${message}`).join("; ");
  assert.equal(status, "completed", why);
}

/** Numbers from 0 to below `count`, evenly, at most so many. */
function evenlySpaced(count: number): number[] {
  const step = Math.max(1, Math.ceil(count / maxInterruptions));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}
