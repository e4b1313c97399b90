import assert from "node:assert/strict";
import { secretsOf } from "../../configuration/configuration.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import type { CheckDefinition, IntegrationSubject } from "./subject.ts";
import { catchError } from "./login.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";

/** That an integration does its job, again and again, and without telling its secrets. */
export function integrationChecks({
  connector,
  start,
}: IntegrationSubject): readonly CheckDefinition[] {
  return [
    {
      name: "does its job, twice, and shows no secret",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const config = parseConfig(connector, service.configuration);
        for (let times = 0; times < 2; times += 1) await connector.run(config, trial.context());
        for (const secret of secretsOf(connector, service.configuration))
          assert.ok(!trial.logLines.join("").includes(secret), "the log shows a secret");
      },
    },
    {
      name: "fails with a ConfigError where the login is refused",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const { refused } = service;
        if (!refused) return;
        const error = await catchError(() =>
          connector.run(parseConfig(connector, refused), trial.context()),
        );
        assert.ok(error instanceof ConfigError, `expected a ConfigError, got ${messageOf(error)}`);
      },
    },
    {
      name: "stops when it is told to",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const reason = new Error("the test says stop");
        const context = trial.context(AbortSignal.abort(reason));
        const config = parseConfig(connector, service.configuration);
        assert.equal(await catchError(() => connector.run(config, context)), reason);
      },
    },
  ];
}
