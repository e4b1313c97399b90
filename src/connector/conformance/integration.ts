import assert from "node:assert/strict";
import { secretsOf } from "../../configuration/check-settings.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import { catchError } from "./login.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";
import type { CheckDefinition, IntegrationSubject } from "./subject.ts";

/** Checks that an integration can run repeatedly, stops when asked to, and logs no secrets. */
export function integrationChecks({
  connector,
  start,
}: IntegrationSubject): readonly CheckDefinition[] {
  return [
    {
      name: "runs twice and logs no secret",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const config = parseConfig(connector, service.configuration);
        for (let times = 0; times < 2; times += 1) await connector.run(config, sandbox.context());
        for (const secret of secretsOf(connector, service.configuration))
          assert.ok(!sandbox.logLines.join("").includes(secret), "the log contains a secret");
      },
    },
    {
      name: "fails with a ConfigError if the login is invalid",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const { refused } = service;
        if (!refused) return;
        const error = await catchError(() =>
          connector.run(parseConfig(connector, refused), sandbox.context()),
        );
        assert.ok(error instanceof ConfigError, `expected a ConfigError, got ${messageOf(error)}`);
      },
    },
    {
      name: "stops when its signal aborts",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const reason = new Error("aborted by the check");
        const context = sandbox.context(AbortSignal.abort(reason));
        const config = parseConfig(connector, service.configuration);
        assert.equal(await catchError(() => connector.run(config, context)), reason);
      },
    },
  ];
}
