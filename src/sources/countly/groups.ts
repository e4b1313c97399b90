import { ConfigError } from "../../core/errors.ts";
import type { ReadOptions, Stream } from "../../core/source.ts";
import { httpErrorOf } from "../../http/http-error.ts";
import { pageBody } from "../../http/paging/page.ts";
import type { CountlyConfig } from "./client/config.ts";
import { stripSecrets } from "./rows/strip-secrets.ts";
import { readAllPages, type OffsetListing } from "./gateway/offset-pages.ts";
import { groupDeclaration, newPageMapper } from "./rows/rows.ts";
import type { CountlyLogin, CountlyServer } from "./server/login.ts";
import { stamped } from "./rows/tables.ts";

const path = "o/groups";

/** The groups of people who may see the dashboard. Countly Community has none. */
export function groupStream(session: CountlyLogin, config: CountlyConfig): Stream {
  const { name, columns, primaryKey } = groupDeclaration;
  return {
    name,
    columns,
    primaryKey,
    stamped,
    description: "The groups of people who may see the dashboard (Countly Enterprise)",
    async *read(options) {
      const server = await session.connect(options.checkpoints.get(""));
      const list = await listGroups(server, config, options);
      if (!list) return;
      const pages = newPageMapper(groupDeclaration, options.log);
      const page = { rows: list.rows.map(stripSecrets), number: 1 };
      const read = pages.map(page, { processed_at: options.startedAt.toISOString() });
      // An empty list may be that of a database which fails.
      const sweeps = list.isComplete && read.rows.length > 0 && read.rejected.length === 0;
      yield {
        ...read,
        ...(sweeps ? { sweep: { keys: read.rows.map((row) => [row["group_id"]]) } } : {}),
      };
    },
  };
}

/** The groups as JSON; undefined where the server has none or does not show them, and they were not insisted on. */
async function listGroups(
  { send, shape, confirmAccess }: CountlyServer,
  { enable_groups_sync: isAskedFor = false }: CountlyConfig,
  { log }: ReadOptions,
): Promise<OffsetListing | undefined> {
  try {
    if (shape === "original") return await readAllPages(send, { path, limit: 100 });
    const { body } = await send({ path });
    return { rows: pageBody(body, { path, rowKeys: ["result"] }).page.rows, isComplete: true };
  } catch (cause) {
    const { status = 0, message = "" } = httpErrorOf(cause) ?? {};
    if (![400, 401, 403, 404].includes(status)) throw cause;
    if (status === 401 || status === 403) await confirmAccess();
    const what = `groups: the server shows none (${message}); they are part of Countly Enterprise, for its global administrators`;
    if (isAskedFor) {
      throw new ConfigError(`${what}; leave countly.enable_groups_sync out, or set it to false`, {
        cause,
      });
    }
    log.info(`${what}; the other tables are copied`);
    return undefined;
  }
}
