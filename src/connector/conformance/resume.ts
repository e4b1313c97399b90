import assert from "node:assert/strict";
import { Sandbox } from "./sandbox.ts";
import type { CheckDefinition, SourceSubject } from "./subject.ts";
import { readTables, syncSource, type SyncResult } from "./sync-source.ts";

/** Limits the time of the check: more interruptions find nothing new. */
const maxInterruptions = 20;

/**
 * Checks that interruptions do not change the result, and that unchanged rows are not rewritten.
 */
export function resumeChecks(subject: SourceSubject): readonly CheckDefinition[] {
  return [...repeatChecks(subject), ...changeChecks(subject)];
}

function repeatChecks({ connector, start }: SourceSubject): readonly CheckDefinition[] {
  return [
    {
      name: "writes nothing in a second sync or a full refresh if nothing changed",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const copy = { settings: service.configuration, destination: sandbox.databaseUrl("copy") };
        assertCompleted(await syncSource(connector, sandbox, copy));
        const expected = await readTables(connector, sandbox, copy);
        for (const fullRefresh of [false, true]) {
          const second = await syncSource(connector, sandbox, { ...copy, fullRefresh });
          assertCompleted(second);
          for (const [stream, { inserted, updated, deleted }] of second.counts)
            assert.deepEqual({ inserted, updated, deleted }, noChanges, `${stream}: rewritten`);
          assert.deepEqual(await readTables(connector, sandbox, copy), expected);
        }
      },
    },
    {
      name: "ends with the same tables if it is interrupted after any batch and resumed",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const { configuration: settings } = service;
        const uninterrupted = { settings, destination: sandbox.databaseUrl("uninterrupted") };
        const { batches } = await syncSource(connector, sandbox, uninterrupted);
        const expected = await readTables(connector, sandbox, uninterrupted);
        for (const maxBatches of evenlySpaced(batches)) {
          const copy = { settings, destination: sandbox.databaseUrl(`after-${maxBatches}`) };
          await syncSource(connector, sandbox, { ...copy, maxBatches });
          assertCompleted(await syncSource(connector, sandbox, copy));
          assert.deepEqual(
            await readTables(connector, sandbox, copy),
            expected,
            `interrupted after batch ${maxBatches} of ${batches}`,
          );
        }
      },
    },
  ];
}

function changeChecks({ connector, start }: SourceSubject): readonly CheckDefinition[] {
  return [
    {
      name: "finds new, changed and deleted rows: the next sync ends with the rows of a fresh copy",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const { configuration: settings } = service;
        const existing = { settings, destination: sandbox.databaseUrl("existing") };
        await syncSource(connector, sandbox, existing);
        if (!service.change) return;
        await service.change();
        assertCompleted(await syncSource(connector, sandbox, existing));
        const fresh = { settings, destination: sandbox.databaseUrl("fresh") };
        assertCompleted(await syncSource(connector, sandbox, fresh));
        const expected = await readTables(connector, sandbox, { ...fresh, withoutDeleted: true });
        assert.notEqual(
          Object.values(expected).flat().length,
          0,
          "no rows are left after the change",
        );
        assert.deepEqual(
          await readTables(connector, sandbox, { ...existing, withoutDeleted: true }),
          expected,
        );
      },
    },
  ];
}

const noChanges = { inserted: 0, updated: 0, deleted: 0 };

function assertCompleted({ status, failures }: SyncResult): void {
  const messages = [...failures].map(([stream, { message }]) => `${stream}: ${message}`);
  assert.equal(status, "completed", messages.join("; "));
}

/** At most `maxInterruptions` evenly spaced numbers from 0 (inclusive) to `count` (exclusive). */
function evenlySpaced(count: number): number[] {
  const step = Math.max(1, Math.ceil(count / maxInterruptions));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}
