import type { Edition } from "../../../src/emulators/countly/request-context.ts";
import { CountlyClock } from "../../../src/emulators/countly/clock.ts";
import type { CountlyFaults, Feature } from "../../../src/emulators/countly/faults.ts";
import { CountlyWorkspace } from "../../../src/emulators/countly/workspace.ts";
import { startCountly } from "../../support/countly.ts";
import type { Random } from "../../support/random.ts";
import type { ChaosService, ServiceKind } from "../service.ts";
import { CountlyHistory } from "./countly-history.ts";
import { emptied, firstPage } from "./countly-pages.ts";

/**
 * A Countly server of any edition, or a gateway of the original connector's shape, that may be asked in any of the ways there are. The
 * program goes by its clock.
 */
export const countlyServer: ServiceKind = { name: "Countly", start };

async function start(random: Random): Promise<ChaosService> {
  const workspace = new CountlyWorkspace({
    clock: new CountlyClock({ seed: random.between(1, 2 ** 30) }),
  });
  const server = someServer(random);
  const { edition, isAdmin, login } = server;
  const member = isAdmin ? workspace.admin : workspace.addMember({ name: "Grace" });
  const history = new CountlyHistory(workspace, {
    edition,
    member,
    resyncDays: random.pick([1, 7]),
    isQuiet: random.oneIn(2),
  });
  history.begin(random);
  const traps = trapsOf(server, random);
  const countly = await startCountly({ workspace, edition, faults: traps });
  const api_key = login === "token" ? workspace.addToken(member) : member.apiKey;
  const users = { apps: ["app_id"], users: ["user_id"] };
  let aheadMs = -Infinity;
  return {
    source: "countly",
    url: countly.url,
    secret: api_key,
    section: { api_key, app_id: "*", full_resync_days: history.resyncDays },
    pageSize: "max_records_per_page",
    keys: history.showsGroups ? { ...users, groups: ["group_id"] } : users,
    stamped: ["processed_at"],
    fractionPaths: ["/o", "/o/export/db", "/o/app_users/consents", "/o/db", "/o/users/all"],
    get aheadMs() {
      aheadMs = Math.max(aheadMs, workspace.clock.nowMs - Date.now());
      return aheadMs;
    },
    traps: {
      caps(chance) {
        traps.pageSizeCap = chance.between(1, 5);
        return () => delete traps.pageSizeCap;
      },
      breaks(chance) {
        const app = chance.pick(workspace.apps).id;
        traps.brokenApp = { app, ...(chance.oneIn(2) ? { status: 500 } : {}) };
        return () => delete traps.brokenApp;
      },
      fraction(chance) {
        chance.pick(workspace.apps).addUser({ tsd: 12.5 });
        return () => undefined;
      },
    },
    firstPage,
    emptied,
    change: (chance) => {
      history.change(chance);
    },
    held: () => history.held(),
    broken: () => history.usersIn(traps.brokenApp?.app),
    unstorable: () => history.unstorable(),
    earned: (checkpoints) => history.earned(checkpoints),
    [Symbol.asyncDispose]: () => countly[Symbol.asyncDispose](),
  };
}

/** What a server is, and who asks it how. */
interface Server {
  readonly edition: Edition;
  /** Whether a global administrator asks, who alone sees every app and the groups. */
  readonly isAdmin: boolean;
  readonly login: "form" | "token" | "url";
  readonly without: readonly Feature[];
}

function someServer(random: Random): Server {
  const edition = random.pick(["community", "enterprise", "original"] as const);
  const lacks: readonly (readonly Feature[])[] = [[], [], ["export"], ["export", "compliance-hub"]];
  return {
    edition,
    isAdmin: edition === "original" || !random.oneIn(4),
    login: random.pick(["form", "form", "token", "url"] as const),
    without: edition === "community" ? random.pick(lacks) : [],
  };
}

function trapsOf({ edition, login, without }: Server, random: Random): CountlyFaults {
  const isParts = edition === "enterprise" && random.oneIn(4);
  return {
    missingFeatures: without,
    ...(login === "url" ? { keyInUrlOnly: true } : {}),
    ...(isParts ? { userDetailsMembers: ["did", "name", "lac"] } : {}),
  };
}
