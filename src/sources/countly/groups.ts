import { ConfigError } from "../../core/errors.ts";
import type { ReadOptions, Stream } from "../../core/source.ts";
import { failureOf } from "../../http/http-error.ts";
import { pageBody } from "../../http/paging/page.ts";
import type { CountlyConfig } from "./client/config.ts";
import { withoutSecrets } from "./rows/strip-secrets.ts";
import { wholeList, type WholeList } from "./gateway/offset-pages.ts";
import { groupDeclaration, pageReader } from "./rows/rows.ts";
import type { CountlySession, Server } from "./server/login.ts";
import { stamped } from "./rows/tables.ts";

const path = "o/groups";

/** The groups of people who may see the dashboard. Countly Community has none. */
export function groupStream(session: CountlySession, config: CountlyConfig): Stream {
  const { name, columns, primaryKey } = groupDeclaration;
  return {
    name,
    columns,
    primaryKey,
    stamped,
    description: "The groups of people who may see the dashboard (Countly Enterprise)",
    async *read(options) {
      const server = await session.server(options.checkpoints.get(""));
      const list = await groupTexts(server, config, options);
      if (!list) return;
      const pages = pageReader(groupDeclaration, options.log);
      const page = { rows: list.rows.map(withoutSecrets), number: 1 };
      const read = pages.read(page, { processed_at: options.startedAt.toISOString() });
      // An empty list may be that of a database which fails.
      const sweeps = list.isStill && read.rows.length > 0 && read.rejected.length === 0;
      yield {
        ...read,
        ...(sweeps ? { sweep: { keys: read.rows.map((row) => [row["group_id"]]) } } : {}),
      };
    },
  };
}

/** The groups as JSON; undefined where the server has none or does not show them, and they were not insisted on. */
async function groupTexts(
  { ask, shape, confirm }: Server,
  { enable_groups_sync: isAskedFor = false }: CountlyConfig,
  { log }: ReadOptions,
): Promise<WholeList | undefined> {
  try {
    if (shape === "original") return await wholeList(ask, { path, limit: 100 });
    const { body } = await ask({ path });
    return { rows: pageBody(body, { path, rowKeys: ["result"] }).page.rows, isStill: true };
  } catch (cause) {
    const { status = 0, message = "" } = failureOf(cause) ?? {};
    if (![400, 401, 403, 404].includes(status)) throw cause;
    if (status === 401 || status === 403) await confirm();
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
