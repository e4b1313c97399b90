import type { EventEmitter } from "node:events";
import { ConfigError } from "../../../core/errors.ts";

/**
 * Refuses a login that is not bound to its encrypted connection, before a password or a proof of
 * one is sent: somebody in between could use it. `messages` emits what the server sends.
 */
export function requireChannelBinding(
  messages: EventEmitter,
  refuse: (error: Error) => void,
): void {
  let isBound = false;
  let isProven = false;
  const refuseUnless = (condition: boolean): void => {
    if (condition) return;
    const reason = "the server does not bind the login to a TLS connection";
    refuse(
      new ConfigError(
        `destination: channel_binding=require: ${reason}; it needs sslmode=require, and SCRAM at the server`,
      ),
    );
  };
  messages.on("authenticationSASL", ({ mechanisms }: { mechanisms: readonly string[] }) => {
    isBound = mechanisms.includes("SCRAM-SHA-256-PLUS");
    refuseUnless(isBound);
  });
  messages.on("authenticationSASLFinal", () => (isProven = isBound));
  for (const other of ["CleartextPassword", "MD5Password"])
    messages.on(`authentication${other}`, () => {
      refuseUnless(false);
    });
  messages.on("authenticationOk", () => {
    refuseUnless(isProven);
  });
}
