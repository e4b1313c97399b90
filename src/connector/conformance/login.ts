import assert from "node:assert/strict";
import { secretsOf } from "../../configuration/configuration.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import type { CheckDefinition, Subject } from "./subject.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";

/** That `check` proves the login, and says what a person has to change. */
export function loginChecks({ connector, start }: Subject): readonly CheckDefinition[] {
  return [
    {
      name: "accepts a login that is right",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        await connector.check(parseConfig(connector, service.configuration), trial.context());
      },
    },
    {
      name: "refuses a login that is wrong with a ConfigError, which shows no secret",
      async run() {
        await using service = await start();
        await using trial = await Sandbox.open();
        const { refused } = service;
        if (!refused) return;
        const error = await catchError(() =>
          connector.check(parseConfig(connector, refused), trial.context()),
        );
        assert.ok(error instanceof ConfigError, `expected a ConfigError, got ${messageOf(error)}`);
        for (const secret of secretsOf(connector, refused)) {
          assert.ok(!error.message.includes(secret), "the message shows a secret");
          assert.ok(!trial.logLines.join("").includes(secret), "the log shows a secret");
        }
      },
    },
  ];
}

/** What a promise is rejected with; an AssertionError where it is fulfilled. */
export async function catchError(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return assert.fail("expected an error, got none");
}
