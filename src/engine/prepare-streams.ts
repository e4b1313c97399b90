import type { Session } from "../core/destination.ts";
import { isTableError } from "../core/errors.ts";
import type { Table } from "../core/schema.ts";

/** Whether an error concerns only the stream whose table was being prepared. */
type FailsStreamOnly = (error: unknown) => error is StreamError;

type StreamError = Error & { readonly stream: string };

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
  const refused = new Map<string, Error>();
  const first = tables.length === 0 ? undefined : await prepare(tables);
  if (!first) return refused;
  // That of another stream may be claimed by another pipeline meanwhile.
  if (!tables.some(({ name }) => name === first.stream)) refused.set(first.stream, first);
  for (const table of tables) {
    let error = await prepare([table]);
    for (; error && error.stream !== table.name; error = await prepare([table]))
      refused.set(error.stream, error);
    if (error) refused.set(table.name, error);
  }
  return refused;
}

async function prepareTables(
  session: Pick<Session, "prepare">,
  tables: readonly Table[],
  failsStreamOnly: FailsStreamOnly,
): Promise<StreamError | undefined> {
  try {
    await session.prepare(tables);
    return undefined;
  } catch (error) {
    if (failsStreamOnly(error)) return error;
    throw error;
  }
}
