import assert from "node:assert/strict";
import { secretsOf } from "../../configuration/configuration.ts";
import { readStream } from "../../engine/read-stream.ts";
import { keyOf, type Row } from "../../core/schema.ts";
import type { SourceContext, Stream } from "../../core/source.ts";
import { canonical } from "../../core/value.ts";
import { openDestination } from "../../destination/open.ts";
import type { CheckDefinition, SourceSubject } from "./subject.ts";
import { catchError } from "./login.ts";
import { resumeChecks } from "./resume.ts";
import { readTables, syncSource } from "./sync-source.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";

/** That a source declares what it reads, and reads it whole, once, and without telling its secrets. */
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
      name: "declares streams with columns, a key among them, and a cursor among them",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const config = parseConfig(connector, service.configuration);
        const streams = connector.streams(config, trial.context());
        assert.notEqual(streams.length, 0);
        assert.equal(new Set(streams.map(({ name }) => name)).size, streams.length);
        for (const stream of streams) assertDeclared(stream);
      },
    },
    {
      name: "reads rows that have their key, no column that is not declared, and values of the columns' types",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const context = trial.context();
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
        assert.notEqual(count, 0, "the service that stands in has no rows to read");
      },
    },
  ];
}

function fullReadOptions() {
  return { checkpoints: new Map<string, never>(), fullRefresh: false, startedAt: new Date() };
}

function assertDeclared({ name, columns, primaryKey, cursor, stamped = [] }: Stream): void {
  assert.notEqual(primaryKey.length, 0, `${name}: has no primary key`);
  for (const column of [...primaryKey, ...stamped, ...(cursor === undefined ? [] : [cursor])])
    assert.ok(column in columns, `${name}: ${column} is none of its columns`);
}

function assertRow(stream: Stream, row: Row): void {
  const key = keyOf(stream, row);
  assert.ok(
    key.every((value) => value != null),
    `${stream.name}: a row without ${stream.primaryKey.join(", ")}`,
  );
  for (const [column, value] of Object.entries(row)) {
    const type = stream.columns[column];
    assert.ok(type, `${stream.name}: ${column} is none of its columns`);
    if (value != null) canonical[type](value);
  }
}

function abortAndSecretChecks({ connector, start }: SourceSubject): readonly CheckDefinition[] {
  return [
    {
      name: "stops reading when it is told to",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const stop = new AbortController();
        const context = trial.context(stop.signal);
        const streams = connector.streams(parseConfig(connector, service.configuration), context);
        const reason = new Error("the test says stop");
        stop.abort(reason);
        for (const stream of streams) {
          const error = await catchError(() => drain(stream, context));
          assert.equal(error, reason, `${stream.name}: went on, or threw something else`);
        }
      },
    },
    {
      name: "shows its secrets neither in the log, nor in tables, state or identity",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const { configuration: settings } = service;
        const sync = { settings, destination: trial.databaseUrl("copy") };
        await syncSource(connector, trial, sync);
        const said = [
          ...trial.logLines,
          connector.identity(parseConfig(connector, settings)),
          JSON.stringify(await readTables(connector, trial, sync)),
          await readStateText(connector.name, trial, sync.destination),
        ].join("\n");
        for (const secret of secretsOf(connector, settings))
          assert.ok(!said.includes(secret), "a secret is shown");
      },
    },
  ];
}

/** Without the reading loop around it, which would stop by itself. */
async function drain(stream: Stream, context: SourceContext): Promise<void> {
  const batches = stream.read({ ...context, ...fullReadOptions() })[Symbol.asyncIterator]();
  while (!(await batches.next()).done);
}

async function readStateText(pipeline: string, trial: Sandbox, url: string): Promise<string> {
  await using destination = await openDestination(url, trial.context());
  const state = await destination.state(pipeline);
  return JSON.stringify([...state].map(([stream, checkpoints]) => [stream, [...checkpoints]]));
}
