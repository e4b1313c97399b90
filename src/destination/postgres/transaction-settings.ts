import { escapeIdentifier, escapeLiteral } from "pg";

interface SettingsOptions {
  readonly schema: string;
  readonly tag: string;
  /** How long to wait for another program's lock. */
  readonly busyMs: number;
  /** How long a suspended process may hold a transaction open before the server ends it. */
  readonly leaseMs: number;
}

/**
 * The settings of our transactions. They end with each transaction: a pooler gives the session to
 * other programs after it, and the next transaction to another session.
 */
export function transactionSettings(options: SettingsOptions): string {
  const { schema, tag, busyMs, leaseMs } = options;
  const settings: Readonly<Record<string, string>> = {
    application_name: escapeLiteral(tag),
    search_path: escapeIdentifier(schema),
    client_encoding: "'UTF8'",
    array_nulls: "on",
    timezone: "'UTC'",
    datestyle: "'ISO'",
    standard_conforming_strings: "on",
    bytea_output: "'hex'",
    client_min_messages: "warning",
    lock_timeout: String(busyMs),
    // A limit of the role would end a long statement in every sync again.
    statement_timeout: "0",
    idle_in_transaction_session_timeout: String(leaseMs),
    // The server notices after 40 seconds that our host is gone.
    tcp_keepalives_idle: "10",
    tcp_keepalives_interval: "10",
    tcp_keepalives_count: "3",
  };
  const statements = Object.entries(settings).map(
    ([name, value]) => `set local ${name} to ${value}`,
  );
  return [...statements, noTransactionLimit].join("; ");
}

/** Like `statement_timeout`, for transactions. Servers before Postgres 17 do not know it. */
const noTransactionLimit = `select case
    when current_setting('transaction_timeout', true) is not null
    then set_config('transaction_timeout', '0', true) end`;
