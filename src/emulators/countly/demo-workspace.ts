import type { CountlyApp } from "./app.ts";
import { CountlyClock } from "./clock.ts";
import type { Document } from "./document.ts";
import { CountlyWorkspace } from "./workspace.ts";

/** A company with 3 apps and about 500 users. The same seed gives the same data. */
export function demoWorkspace(seed = 1): CountlyWorkspace {
  const clock = new CountlyClock({ start: "2025-03-03T08:00:00Z", seed });
  const workspace = new CountlyWorkspace({ clock });
  for (const { users, ...fields } of demoApps) {
    clock.advance(9 * day);
    populate(workspace.addApp({ fields }), users, clock);
  }
  workspace.addGroup({ name: "Marketing", matched_users_count: 4 });
  workspace.addGroup({ name: "Support & Success", matched_users_count: 2 });
  return workspace;
}

const day = 24 * 60 * 60 * 1000;

const demoApps = [
  { name: "Trail Maps", country: "DE", timezone: "Europe/Berlin", category: "18", users: 260 },
  { name: "Salt & Pepper", country: "FR", timezone: "Europe/Paris", category: "6", users: 190 },
  { name: "Quiz Night <beta>", country: "JP", timezone: "Asia/Tokyo", category: "8", users: 70 },
] as const;

/** Adds users one after the other: some return, some identify themselves, and two are merged. */
function populate(app: CountlyApp, size: number, clock: CountlyClock): void {
  const ids: string[] = [];
  for (let number = 0; number < size; number += 1) {
    clock.advance(clock.random.below(4 * 60 * 60 * 1000));
    const did = `${clock.random.hex(8)}-${clock.random.hex(4)}`;
    ids.push(app.addUser({ did, ...profile(number, clock) })._id);
    const returning = ids[clock.random.below(3 * ids.length)];
    if (returning) app.updateUser(returning, visit(clock));
  }
  const [first, second] = ids;
  if (first && second) app.mergeUsers(first, second);
}

function visit(clock: CountlyClock): Document {
  const seconds = 30 + clock.random.below(900);
  return {
    sc: 2 + clock.random.below(40),
    sd: seconds,
    tsd: seconds * (2 + clock.random.below(30)),
  };
}

/** Two of five users identify themselves. */
function profile(number: number, clock: CountlyClock): Document {
  const custom = {
    plan: clock.random.below(4) === 0 ? "pro" : "free",
    favourites: clock.random.below(12),
  };
  const name = names[clock.random.below(names.length)];
  if (number % 5 > 1 || name === undefined) return { custom };
  const username = `${name.toLowerCase().replace(/[^a-z]+/g, ".")}${number}`;
  return {
    name,
    username,
    email: `${username}@example.com`,
    organization: clock.random.below(3) === 0 ? "Fish & Sons" : undefined,
    gender: clock.random.below(2) === 0 ? "F" : "M",
    byear: 1950 + clock.random.below(55),
    custom,
  };
}

const names = ["Ada Byron", "Grace Hopper", "Jean O'Neil", "Katherine Johnson", "Alan Mathison"];
