import type { QuarantinedEntry, ReadOptions, StreamBatch } from "../../../core/source.ts";
import type { MassDeletionError } from "../../../engine/mass-deletion.ts";
import type { PageMapper } from "../../../http/paging/page-mapper.ts";
import type { CountlyConfig } from "../client/config.ts";
import { readOffsetPages } from "../gateway/offset-pages.ts";
import { splitGatewayUsers } from "../gateway/split-gateway-users.ts";
import type { App } from "../server/app-list.ts";
import type { CountlyServer } from "../server/login.ts";
import { readDescendingUsers } from "./descending-users.ts";
import { UserBatches } from "./user-batches.ts";
import {
  parseUserCheckpoint,
  planRead,
  type UserCheckpoint,
  type UserReadPlan,
} from "./user-checkpoint.ts";
import { UserReader, type PreferredEndpoint } from "./user-reader.ts";

/** What reading the users of any app needs. */
export interface ReadUsersOptions extends ReadOptions {
  readonly server: CountlyServer;
  readonly config: CountlyConfig;
  readonly mapper: PageMapper;
  /** Whether the list of apps, or another one, was refused, so that nothing is marked. */
  readonly isRefused: boolean;
  /** Called if far fewer users are listed than before, so that none is marked. */
  readonly refuse: (refusal: MassDeletionError) => void;
  readonly preferred: PreferredEndpoint;
}

/** Reads the users of an app that a sync has to read: all, or those active since the last one. */
export function readUsers(app: App, options: ReadUsersOptions): AsyncIterable<StreamBatch> {
  return options.server.shape === "original"
    ? readFromGateway(app, options)
    : readNative(app, options);
}

/**
 * Reads from Countly's own API. A read that was resumed has missed what changed meanwhile on the
 * pages before, so a second one follows.
 */
async function* readNative(app: App, options: ReadUsersOptions): AsyncGenerator<StreamBatch, void> {
  const { checkpoints, config } = options;
  const unstored = { unstored: usersOf(app, options), cursors: ["last_sync", "last_action"] };
  let saved = parseUserCheckpoint(checkpoints.get(app.id));
  for (let rereads = false; ; rereads = true) {
    const plan = planRead(saved, config, { ...options, ...unstored });
    for await (const batch of readOnce(app, { ...options, plan, saved, rereads })) {
      if (batch.checkpoint) saved = parseUserCheckpoint(batch.checkpoint);
      yield batch;
    }
    if (!plan.resume) return;
  }
}

/** The users of an app that are in quarantine. */
function usersOf(
  { id }: Pick<App, "id">,
  { quarantined = [] }: ReadOptions,
): readonly QuarantinedEntry[] {
  return quarantined.filter(({ where }) => where["app_id"] === id);
}

interface ReadOnceOptions extends ReadUsersOptions {
  readonly plan: UserReadPlan;
  readonly saved: UserCheckpoint;
  readonly rereads: boolean;
}

/**
 * The mark follows the server's clock (`last_sync`), or the device's (`lac`) if that is missing.
 */
async function* readOnce({ id }: App, options: ReadOnceOptions): AsyncGenerator<StreamBatch, void> {
  const { config, server, preferred, signal, plan, saved } = options;
  const reader = new UserReader({
    send: server.send,
    app: id,
    since: plan.since,
    savedEndpoint: saved.way,
    preferred,
    limit: config.max_records_per_page,
    signal,
  });
  const batches = new UserBatches({ ...options, app: id, cursorMembers: ["last_sync", "lac"] });
  const isResumed = plan.resume !== undefined;
  const latest = plan.full && !isResumed ? await reader.readLatest() : undefined;
  if (latest) batches.advanceMark([latest.text]);
  const needsProof = (): boolean => plan.full || batches.advancesMark;
  let isFirst = !isResumed;
  for await (const page of readDescendingUsers(reader, { below: plan.resume?.below, needsProof })) {
    signal.throwIfAborted();
    const texts = page.users.map(({ text }) => text);
    // Only the first page moves the mark: users active later may be on pages already read.
    if (isFirst) batches.advanceMark(texts);
    isFirst = false;
    yield* batches.page({ ...page, texts }, { endpointName: reader.endpointName });
  }
  // If the last read found no users either, there is nothing to prove.
  const isProven = !batches.foundNone || (saved.users !== 0 && (await reader.confirmEmpty()));
  const { endpointName } = reader;
  if (!isProven) yield* batches.endUnproven();
  else yield* reader.isNowEmpty ? batches.endEmptied(endpointName) : batches.end(endpointName);
}

/** How often a list that changes is read, to get one complete listing. */
const maxReads = 3;

/** Reads from a gateway, which can filter users by their last session at best. */
async function* readFromGateway(
  { id }: App,
  options: ReadUsersOptions,
): AsyncGenerator<StreamBatch, void> {
  const { checkpoints, config, server, startedAt, signal, log } = options;
  let saved = parseUserCheckpoint(checkpoints.get(id));
  const unstored = { unstored: usersOf({ id }, options), cursors: ["last_seen"] };
  const plan = { ...planRead(saved, config, { ...options, ...unstored }), resume: undefined };
  const params = { app_id: id, ...periodSince(plan.since, startedAt) };
  const list = { path: "o/users/all", params, limit: config.max_records_per_page };
  for (let reads = 1; reads <= maxReads; reads += 1) {
    const batches = new UserBatches({
      ...{ ...options, app: id, plan, saved, rereads: reads > 1 },
      cursorMembers: ["ls", "last_seen"],
    });
    const pages = readOffsetPages(server.send, list);
    let next = await pages.next();
    for (; !next.done; next = await pages.next()) {
      signal.throwIfAborted();
      const { rows, bytes, held } = next.value;
      const { own, rejected } = splitGatewayUsers(rows, { app: id, apps: server.apps });
      batches.advanceMark(own);
      yield* batches.page({ texts: own, rejected, bytes, held });
    }
    if (batches.mustReadAll) saved = { ...saved, unswept: true };
    if (!next.value) continue;
    yield* batches.foundNone ? batches.endUnproven() : batches.end();
    return;
  }
  log.warning(
    `app "${id}": its users changed during each of ${maxReads} reads; the next sync reads them again`,
  );
}

/** The `period` parameter. Its end is later than any clock may be now. */
function periodSince(since: string | undefined, startedAt: Date): { readonly period?: string } {
  if (since === undefined) return {};
  const until = startedAt.getTime() + 7 * 86_400_000;
  return { period: JSON.stringify([Math.floor(Date.parse(since)), until]) };
}
