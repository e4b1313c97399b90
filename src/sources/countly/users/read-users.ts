import type { ReadOptions, StreamBatch } from "../../../core/source.ts";
import type { PageMapper } from "../../../http/paging/page-mapper.ts";
import type { App } from "../server/app-list.ts";
import { UserBatches } from "./user-batches.ts";
import type { CountlyConfig } from "../client/config.ts";
import { splitGatewayUsers } from "../gateway/split-gateway-users.ts";
import { readOffsetPages } from "../gateway/offset-pages.ts";
import type { CountlyServer } from "../server/login.ts";
import {
  planRead,
  parseUserCheckpoint,
  type UserCheckpoint,
  type UserReadPlan,
} from "./user-checkpoint.ts";
import { UserReader, type PreferredEndpoint } from "./user-reader.ts";
import { readDescendingUsers } from "./descending-users.ts";

export interface ReadUsersOptions extends ReadOptions {
  readonly server: CountlyServer;
  readonly config: CountlyConfig;
  readonly mapper: PageMapper;
  readonly preferred: PreferredEndpoint;
}

/** The users of an app that are to be read. */
export function readUsers(app: App, reading: ReadUsersOptions): AsyncIterable<StreamBatch> {
  return reading.server.shape === "original"
    ? readFromGateway(app, reading)
    : readNative(app, reading);
}

/** Countly's own users. A walk that goes on where another one ended has passed by what happened meanwhile, and is followed by a second one. */
async function* readNative(app: App, reading: ReadUsersOptions): AsyncGenerator<StreamBatch, void> {
  const { checkpoints, config } = reading;
  let saved = parseUserCheckpoint(checkpoints.get(app.id));
  for (let again = false; ; again = true) {
    const plan = planRead(saved, config, reading);
    for await (const part of readOnce(app, { ...reading, plan, saved, rereads: again })) {
      if (part.checkpoint) saved = parseUserCheckpoint(part.checkpoint);
      yield part;
    }
    if (!plan.resume) return;
  }
}

interface ReadOnceOptions extends ReadUsersOptions {
  readonly plan: UserReadPlan;
  readonly saved: UserCheckpoint;
  readonly rereads: boolean;
}

/** One walk, by the server's clock, or the device's where the server has not told its own. */
async function* readOnce({ id }: App, walking: ReadOnceOptions): AsyncGenerator<StreamBatch, void> {
  const { config, server, preferred, signal, plan, saved } = walking;
  const users = new UserReader({
    send: server.send,
    app: id,
    since: plan.since,
    savedEndpoint: saved.way,
    preferred,
    limit: config.max_records_per_page,
    signal,
  });
  const appReading = new UserBatches({ ...walking, app: id, cursorMembers: ["last_sync", "lac"] });
  const isBegun = plan.resume !== undefined;
  const latest = plan.full && !isBegun ? await users.readLatest() : undefined;
  if (latest) appReading.advanceMark([latest.text]);
  const provesEnd = (): boolean => plan.full || appReading.advancesMark;
  let isFirst = !isBegun;
  for await (const page of readDescendingUsers(users, { below: plan.resume?.below, provesEnd })) {
    signal.throwIfAborted();
    const texts = page.users.map(({ text }) => text);
    // Whoever is active from now on may stand on a page that has been read, so that later pages say nothing.
    if (isFirst) appReading.advanceMark(texts);
    isFirst = false;
    yield appReading.page({ texts, bytes: page.bytes }, { way: users.way });
  }
  // Without users at the end of the last walk there is nothing to be proved.
  const isProven = !appReading.foundNone || (saved.users !== 0 && (await users.confirmEmpty()));
  if (!isProven) yield appReading.unprovenBatch();
  else yield users.isNowEmpty ? appReading.emptiedBatch(users.way) : appReading.end(users.way);
}

/** A list that changes under us is walked through so often, until one walk has seen it at rest. */
const maxReads = 3;

/** Users in the original connector's shape, which can only be asked for by their last session, if at all. */
async function* readFromGateway(
  { id }: App,
  reading: ReadUsersOptions,
): AsyncGenerator<StreamBatch, void> {
  const { checkpoints, config, server, startedAt, signal, log } = reading;
  const saved = parseUserCheckpoint(checkpoints.get(id));
  const plan = { ...planRead(saved, config, reading), resume: undefined };
  const params = { app_id: id, ...periodSince(plan.since, startedAt) };
  const list = { path: "o/users/all", params, limit: config.max_records_per_page };
  for (let walks = 1; walks <= maxReads; walks += 1) {
    const appReading = new UserBatches({
      ...{ ...reading, app: id, plan, saved, rereads: walks > 1 },
      cursorMembers: ["ls", "last_seen"],
    });
    const pages = readOffsetPages(server.send, list);
    let next = await pages.next();
    for (; !next.done; next = await pages.next()) {
      signal.throwIfAborted();
      const { rows, bytes } = next.value;
      const { own, rejected } = splitGatewayUsers(rows, { app: id, apps: server.apps });
      appReading.advanceMark(own);
      const part = appReading.page({ texts: own, bytes });
      yield { ...part, rejected: [...(part.rejected ?? []), ...rejected] };
    }
    if (!next.value) continue;
    yield appReading.foundNone ? appReading.unprovenBatch() : appReading.end();
    return;
  }
  log.warning(
    `app "${id}": its users changed while they were read, ${maxReads} times; the next sync reads them again`,
  );
}

/** From an instant until later than any clock may say now. */
function periodSince(since: string | undefined, startedAt: Date): { readonly period?: string } {
  if (since === undefined) return {};
  const until = startedAt.getTime() + 7 * 86_400_000;
  return { period: JSON.stringify([Math.floor(Date.parse(since)), until]) };
}
