import type { Batch, ReadOptions } from "../../../core/source.ts";
import type { PageReader } from "../../../http/paging/page-mapper.ts";
import type { App } from "../server/app-list.ts";
import { AppReading } from "./user-batches.ts";
import type { CountlyConfig } from "../client/config.ts";
import { gatewayUsers } from "../gateway/split-gateway-users.ts";
import { offsetPages } from "../gateway/offset-pages.ts";
import type { Server } from "../server/login.ts";
import { planWalk, userCheckpoint, type UserCheckpoint, type WalkPlan } from "./user-checkpoint.ts";
import { UserReader, type WayMemory } from "./user-reader.ts";
import { descendingUsers } from "./descending-users.ts";

type Part = Omit<Batch, "stream">;

export interface UsersReading extends ReadOptions {
  readonly server: Server;
  readonly config: CountlyConfig;
  readonly pages: PageReader;
  readonly memory: WayMemory;
}

/** The users of an app that are to be read. */
export function readUsers(app: App, reading: UsersReading): AsyncIterable<Part> {
  return reading.server.shape === "original" ? listed(app, reading) : walked(app, reading);
}

/** Countly's own users. A walk that goes on where another one ended has passed by what happened meanwhile, and is followed by a second one. */
async function* walked(app: App, reading: UsersReading): AsyncGenerator<Part, void> {
  const { checkpoints, config } = reading;
  let saved = userCheckpoint(checkpoints.get(app.id));
  for (let again = false; ; again = true) {
    const plan = planWalk(saved, config, reading);
    for await (const part of walk(app, { ...reading, plan, saved, again })) {
      if (part.checkpoint) saved = userCheckpoint(part.checkpoint);
      yield part;
    }
    if (!plan.resume) return;
  }
}

interface Walking extends UsersReading {
  readonly plan: WalkPlan;
  readonly saved: UserCheckpoint;
  readonly again: boolean;
}

/** One walk, by the server's clock, or the device's where the server has not told its own. */
async function* walk({ id }: App, walking: Walking): AsyncGenerator<Part, void> {
  const { config, server, memory, signal, plan, saved } = walking;
  const users = new UserReader({
    ask: server.ask,
    app: id,
    since: plan.since,
    known: saved.way,
    memory,
    limit: config.max_records_per_page,
    signal,
  });
  const appReading = new AppReading({ ...walking, app: id, cursor: ["last_sync", "lac"] });
  const isBegun = plan.resume !== undefined;
  const latest = plan.full && !isBegun ? await users.latest() : undefined;
  if (latest) appReading.mark([latest.text]);
  const provesEnd = (): boolean => plan.full || appReading.moves;
  let isFirst = !isBegun;
  for await (const page of descendingUsers(users, { below: plan.resume?.below, provesEnd })) {
    signal.throwIfAborted();
    const texts = page.users.map(({ text }) => text);
    // Whoever is active from now on may stand on a page that has been read, so that later pages say nothing.
    if (isFirst) appReading.mark(texts);
    isFirst = false;
    yield appReading.page({ texts, bytes: page.bytes }, { way: users.way });
  }
  // Without users at the end of the last walk there is nothing to be proved.
  const isProven = !appReading.isEmpty || (saved.users !== 0 && (await users.countsNone()));
  if (!isProven) yield appReading.unproven();
  else yield users.isEmptied ? appReading.emptied(users.way) : appReading.end(users.way);
}

/** A list that changes under us is walked through so often, until one walk has seen it at rest. */
const maxWalks = 3;

/** Users in the original connector's shape, which can only be asked for by their last session, if at all. */
async function* listed({ id }: App, reading: UsersReading): AsyncGenerator<Part, void> {
  const { checkpoints, config, server, startedAt, signal, log } = reading;
  const saved = userCheckpoint(checkpoints.get(id));
  const plan = { ...planWalk(saved, config, reading), resume: undefined };
  const params = { app_id: id, ...periodOf(plan.since, startedAt) };
  const list = { path: "o/users/all", params, limit: config.max_records_per_page };
  for (let walks = 1; walks <= maxWalks; walks += 1) {
    const appReading = new AppReading({
      ...{ ...reading, app: id, plan, saved, again: walks > 1 },
      cursor: ["ls", "last_seen"],
    });
    const pages = offsetPages(server.ask, list);
    let next = await pages.next();
    for (; !next.done; next = await pages.next()) {
      signal.throwIfAborted();
      const { rows, bytes } = next.value;
      const { own, rejected } = gatewayUsers(rows, { app: id, apps: server.apps });
      appReading.mark(own);
      const part = appReading.page({ texts: own, bytes });
      yield { ...part, rejected: [...(part.rejected ?? []), ...rejected] };
    }
    if (!next.value) continue;
    yield appReading.isEmpty ? appReading.unproven() : appReading.end();
    return;
  }
  log.warning(
    `app "${id}": its users changed while they were read, ${maxWalks} times; the next sync reads them again`,
  );
}

/** From an instant until later than any clock may say now. */
function periodOf(since: string | undefined, startedAt: Date): { readonly period?: string } {
  if (since === undefined) return {};
  const until = startedAt.getTime() + 7 * 86_400_000;
  return { period: JSON.stringify([Math.floor(Date.parse(since)), until]) };
}
