import type { Session } from "../core/destination.ts";
import { TableError } from "../core/errors.ts";
import type { Table } from "../core/schema.ts";

/**
 * Prepares the tables of all streams. Returns the errors of those that cannot be used until a
 * person changes something, by stream; the others are ready.
 */
export async function prepareStreams(
  session: Pick<Session, "prepare">,
  tables: readonly Table[],
): Promise<ReadonlyMap<string, TableError>> {
  if (tables.length === 0 || !(await prepare(session, tables))) return new Map();
  const refused = new Map<string, TableError>();
  for (const table of tables) {
    const error = await prepare(session, [table]);
    if (error) refused.set(table.name, error);
  }
  return refused;
}

async function prepare(
  session: Pick<Session, "prepare">,
  tables: readonly Table[],
): Promise<TableError | undefined> {
  try {
    await session.prepare(tables);
    return undefined;
  } catch (error) {
    if (error instanceof TableError) return error;
    throw error;
  }
}
