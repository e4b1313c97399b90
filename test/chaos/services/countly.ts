import type { Edition } from "../../../src/emulators/countly/request-context.ts";
import { CountlyClock } from "../../../src/emulators/countly/clock.ts";
import type { CountlyFaults, Feature } from "../../../src/emulators/countly/faults.ts";
import { CountlyWorkspace } from "../../../src/emulators/countly/workspace.ts";
import { startCountly } from "../../support/countly.ts";
import type { Random } from "../../support/random.ts";
import type { ChaosService, ServiceKind } from "../service.ts";
import { CountlyHistory } from "./countly-history.ts";
import { emptyPage, firstPageRequest } from "./countly-pages.ts";

/**
 * A Countly server of any edition, or a gateway as the original connector expects it, with any kind
 * of login. The program's clock follows the emulator's.
 */
export const countlyServer: ServiceKind = { name: "Countly", start };

async function start(random: Random): Promise<ChaosService> {
  const workspace = new CountlyWorkspace({
    clock: new CountlyClock({ seed: random.between(1, 2 ** 30) }),
  });
  const server = randomServer(random);
  const { edition, isAdmin, login } = server;
  const member = isAdmin ? workspace.admin : workspace.addMember({ name: "Grace" });
  const history = new CountlyHistory(workspace, {
    edition,
    member,
    resyncDays: random.pick([1, 7]),
    isQuiet: random.oneIn(2),
  });
  history.begin(random);
  const emulatorFaults = faultsOf(server, random);
  const countly = await startCountly({ workspace, edition, faults: emulatorFaults });
  const api_key = login === "token" ? workspace.addToken(member) : member.apiKey;
  const users = { apps: ["app_id"], users: ["user_id"] };
  let clockAheadMs = -Infinity;
  return {
    source: "countly",
    url: countly.url,
    secret: api_key,
    sourceConfig: { api_key, app_id: "*", full_resync_days: history.resyncDays },
    pageSizeSetting: "max_records_per_page",
    keyColumns: history.showsGroups ? { ...users, groups: ["group_id"] } : users,
    syncTimeColumns: ["processed_at"],
    fractionPaths: ["/o", "/o/export/db", "/o/app_users/consents", "/o/db", "/o/users/all"],
    get clockAheadMs() {
      clockAheadMs = Math.max(clockAheadMs, workspace.clock.nowMs - Date.now());
      return clockAheadMs;
    },
    faults: {
      smallPages(random) {
        emulatorFaults.pageSizeCap = random.between(1, 5);
        return () => delete emulatorFaults.pageSizeCap;
      },
      brokenObject(random) {
        const app = random.pick(workspace.apps).id;
        emulatorFaults.brokenApp = { app, ...(random.oneIn(2) ? { status: 500 } : {}) };
        return () => delete emulatorFaults.brokenApp;
      },
      fraction(random) {
        random.pick(workspace.apps).addUser({ tsd: 12.5 });
        return () => undefined;
      },
    },
    firstPageRequest,
    emptyPage,
    change: (random) => {
      history.change(random);
    },
    storableKeys: () => history.storableKeys(),
    brokenKeys: () => history.usersIn(emulatorFaults.brokenApp?.app),
    unstorableCount: () => history.unstorableCount(),
    keysReadBy: (checkpoints) => history.keysReadBy(checkpoints),
    [Symbol.asyncDispose]: () => countly[Symbol.asyncDispose](),
  };
}

/** A kind of server, and how the program logs in to it. */
interface Server {
  readonly edition: Edition;
  /** Whether the login is a global administrator's, who alone sees every app and the groups. */
  readonly isAdmin: boolean;
  readonly login: "form" | "token" | "url";
  readonly missingFeatures: readonly Feature[];
}

function randomServer(random: Random): Server {
  const edition = random.pick(["community", "enterprise", "original"] as const);
  const featureSets: readonly (readonly Feature[])[] = [
    [],
    [],
    ["export"],
    ["export", "compliance-hub"],
  ];
  return {
    edition,
    isAdmin: edition === "original" || !random.oneIn(4),
    login: random.pick(["form", "form", "token", "url"] as const),
    missingFeatures: edition === "community" ? random.pick(featureSets) : [],
  };
}

function faultsOf({ edition, login, missingFeatures }: Server, random: Random): CountlyFaults {
  const showsFewMembers = edition === "enterprise" && random.oneIn(4);
  return {
    missingFeatures,
    ...(login === "url" ? { keyInUrlOnly: true } : {}),
    ...(showsFewMembers ? { userDetailsMembers: ["did", "name", "lac"] } : {}),
  };
}
