import assert from "node:assert/strict";
import { secretsOf } from "../../configuration/check-settings.ts";
import { keyOf, type Row } from "../../core/schema.ts";
import type { SourceContext, Stream } from "../../core/source.ts";
import { canonical } from "../../core/value.ts";
import { openDestination } from "../../destination/open.ts";
import { readStream } from "../../engine/read-stream.ts";
import { checkedStreams } from "../checked-source.ts";
import { catchError } from "./login.ts";
import { resumeChecks } from "./resume.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";
import type { CheckDefinition, SourceSubject } from "./subject.ts";
import { readTables, syncSource } from "./sync-source.ts";

/**
 * Checks that a source reads what it declares, resumes, stops when asked to, and leaks no secrets.
 */
export function sourceChecks(subject: SourceSubject): readonly CheckDefinition[] {
  return [
    ...declarationChecks(subject),
    ...resumeChecks(subject),
    ...abortAndSecretChecks(subject),
  ];
}

function declarationChecks({ connector, start }: SourceSubject): readonly CheckDefinition[] {
  return [
    {
      name: "declares streams whose key and cursor are among their columns",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const config = parseConfig(connector, service.configuration);
        const streams = connector.streams(config, sandbox.context());
        assert.notEqual(streams.length, 0);
        checkedStreams(connector.name, streams);
      },
    },
    {
      name: "reads rows with a complete key, declared columns only, and values of the declared types",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const context = sandbox.context();
        let count = 0;
        for (const stream of connector.streams(
          parseConfig(connector, service.configuration),
          context,
        )) {
          for await (const group of readStream(stream, { ...context, ...fullReadOptions() })) {
            for (const row of group.flatMap(({ rows }) => rows)) {
              assertRow(stream, row);
              count += 1;
            }
          }
        }
        assert.notEqual(count, 0, "the server has no rows to read");
      },
    },
  ];
}

function fullReadOptions() {
  return { checkpoints: new Map<string, never>(), fullRefresh: false, startedAt: new Date() };
}

function assertRow(stream: Stream, row: Row): void {
  const key = keyOf(stream, row);
  assert.ok(
    key.every((value) => value != null),
    `${stream.name}: a row without ${stream.primaryKey.join(", ")}`,
  );
  for (const [column, value] of Object.entries(row)) {
    const type = stream.columns[column];
    assert.ok(type, `${stream.name}: ${column} is not one of its columns`);
    if (value != null) canonical[type](value);
  }
}

function abortAndSecretChecks({ connector, start }: SourceSubject): readonly CheckDefinition[] {
  return [
    {
      name: "stops reading when its signal aborts",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const controller = new AbortController();
        const context = sandbox.context(controller.signal);
        const streams = connector.streams(parseConfig(connector, service.configuration), context);
        const reason = new Error("aborted by the check");
        controller.abort(reason);
        for (const stream of streams) {
          const error = await catchError(() => drain(stream, context));
          assert.equal(error, reason, `${stream.name}: continued, or threw another error`);
        }
      },
    },
    {
      name: "keeps secrets out of the log, tables, state and identity",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const { configuration: settings } = service;
        const sync = { settings, destination: sandbox.databaseUrl("copy") };
        await syncSource(connector, sandbox, sync);
        const output = [
          ...sandbox.logLines,
          connector.identity(parseConfig(connector, settings)),
          JSON.stringify(await readTables(connector, sandbox, sync)),
          await readStateText(connector.name, sandbox, sync.destination),
        ].join("\n");
        for (const secret of secretsOf(connector, settings))
          assert.ok(!output.includes(secret), "the output contains a secret");
      },
    },
  ];
}

/** Reads a stream directly: `readStream` would stop even if the stream ignores the signal. */
async function drain(stream: Stream, context: SourceContext): Promise<void> {
  const batches = stream.read({ ...context, ...fullReadOptions() })[Symbol.asyncIterator]();
  while (!(await batches.next()).done);
}

async function readStateText(pipeline: string, sandbox: Sandbox, url: string): Promise<string> {
  await using destination = await openDestination(url, sandbox.context());
  const state = await destination.state(pipeline);
  return JSON.stringify([...state].map(([stream, checkpoints]) => [stream, [...checkpoints]]));
}
