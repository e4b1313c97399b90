import { ConfigError } from "../../core/errors.ts";
import type { Row } from "../../core/schema.ts";
import type { ReadOptions, Stream, StreamBatch } from "../../core/source.ts";
import { isMassDeletion, type ListingJudge } from "../../engine/mass-deletion.ts";
import { httpErrorOf } from "../../http/http-error.ts";
import { pageBody } from "../../http/paging/page.ts";
import type { CountlyConfig } from "./client/config.ts";
import { readAllPages, type OffsetListing } from "./gateway/offset-pages.ts";
import { groupDeclaration, newPageMapper } from "./rows/rows.ts";
import { stripSecrets } from "./rows/strip-secrets.ts";
import { stamped } from "./rows/tables.ts";
import type { CountlyLogin, CountlyServer } from "./server/login.ts";

const path = "o/groups";

/** The groups of people who may use the dashboard. Countly Community has none. */
export function groupStream(login: CountlyLogin, config: CountlyConfig): Stream {
  const { name, columns, primaryKey } = groupDeclaration;
  return {
    name,
    columns,
    primaryKey,
    stamped,
    description: "The groups of people who may use the dashboard (Countly Enterprise)",
    async *read(options) {
      const server = await login.connect(options.checkpoints.get(""));
      const list = await listGroups(server, config, options);
      if (!list) return;
      const mapper = newPageMapper(groupDeclaration, options.log);
      const page = { rows: list.rows.map(stripSecrets), number: 1 };
      const mapped = mapper.map(page, { processed_at: options.startedAt.toISOString() });
      yield mapped;
      if (list.isComplete && mapped.rejected.length === 0)
        yield* sweepGroups(mapped.rows, { judge: login.judge, config, options });
    },
  };
}

interface SweepGroupsOptions {
  readonly judge: ListingJudge;
  readonly config: CountlyConfig;
  readonly options: ReadOptions;
}

/** Sweeps the groups that a complete list lacks. Throws the refusal if nothing may be marked. */
function* sweepGroups(
  rows: readonly Row[],
  { judge, config, options }: SweepGroupsOptions,
): Generator<StreamBatch, void> {
  const saved = options.checkpoints.get("")?.["groups"];
  const sizes = { believed: typeof saved === "number" ? saved : 0, shown: rows.length };
  const groups = judge.believedSize({ where: config.base_url, noun: "groups", ...sizes }, options);
  if (judge.refusal) throw judge.refusal;
  // An empty list may come from a database that is failing, unless a person says otherwise.
  if (rows.length === 0 && !isMassDeletion(sizes)) return;
  const sweep = { keys: rows.map((row) => [row["group_id"]]) };
  yield { rows: [], bytes: 0, sweep, ...(groups === saved ? {} : { checkpoint: { groups } }) };
}

/**
 * The groups as JSON texts. Undefined if the server has none or the key may not read them; a
 * ConfigError if `enable_groups_sync` is true then.
 */
async function listGroups(
  { send, shape, confirmAccess }: CountlyServer,
  { enable_groups_sync: isRequired = false }: CountlyConfig,
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
    const what = `groups: the server lists none (${message}); only Countly Enterprise has groups, and only for global administrators`;
    if (isRequired) {
      throw new ConfigError(`${what}; remove countly.enable_groups_sync or set it to false`, {
        cause,
      });
    }
    log.info(`${what}; the other tables are copied`);
    return undefined;
  }
}
