import type { Session } from "../core/destination.ts";
import { isTableError } from "../core/errors.ts";
import type { Table } from "../core/schema.ts";

/** Whether an error concerns only the stream whose table was being prepared. */
type FailsStreamOnly = (error: unknown) => error is Error;

/**
 * Prepares the tables of all streams. Returns the errors of those that cannot be used, by stream;
 * the others are ready.
 */
export async function prepareStreams(
  session: Pick<Session, "prepare">,
  tables: readonly Table[],
  failsStreamOnly: FailsStreamOnly = isTableError,
): Promise<ReadonlyMap<string, Error>> {
  const prepare = (some: readonly Table[]) => prepareTables(session, some, failsStreamOnly);
  if (tables.length === 0 || !(await prepare(tables))) return new Map();
  const refused = new Map<string, Error>();
  for (const table of tables) {
    const error = await prepare([table]);
    if (error) refused.set(table.name, error);
  }
  return refused;
}

async function prepareTables(
  session: Pick<Session, "prepare">,
  tables: readonly Table[],
  failsStreamOnly: FailsStreamOnly,
): Promise<Error | undefined> {
  try {
    await session.prepare(tables);
    return undefined;
  } catch (error) {
    if (failsStreamOnly(error)) return error;
    throw error;
  }
}
