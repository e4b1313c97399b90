import assert from "node:assert/strict";
import { secretsOf } from "../../configuration/check-settings.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";
import type { CheckDefinition, Subject } from "./subject.ts";

/** Checks that `check` tests the login, and that its error tells a person what to change. */
export function loginChecks({ connector, start }: Subject): readonly CheckDefinition[] {
  return [
    {
      name: "accepts a valid login",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        await connector.check(parseConfig(connector, service.configuration), sandbox.context());
      },
    },
    {
      name: "rejects an invalid login with a ConfigError that contains no secret",
      async run() {
        await using service = await start();
        await using sandbox = await Sandbox.open();
        const { refused } = service;
        if (!refused) return;
        const error = await catchError(() =>
          connector.check(parseConfig(connector, refused), sandbox.context()),
        );
        assert.ok(error instanceof ConfigError, `expected a ConfigError, got ${messageOf(error)}`);
        for (const secret of secretsOf(connector, refused)) {
          assert.ok(!error.message.includes(secret), "the message contains a secret");
          assert.ok(!sandbox.logLines.join("").includes(secret), "the log contains a secret");
        }
      },
    },
  ];
}

/** The error that `act` rejects with. Throws an AssertionError if it resolves. */
export async function catchError(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return assert.fail("expected an error, got none");
}
