import { expect, test } from "vitest";
import { databases } from "../support/databases.ts";
import { logLines, newFolder, run } from "../support/program.ts";

/** A source with two streams; the configuration says which rows they yield. */
const faultySource = `
import { z } from "rivulet/connector";

const stream = (name, batch) => ({
  name,
  columns: { id: "string", size: "integer", seen_at: "timestamp" },
  primaryKey: ["id"],
  async *read() { yield batch; },
});

export const connector = {
  kind: "source",
  name: "faulty",
  title: "Faulty",
  config: z.object({ users: z.any(), orders: z.any() }),
  identity: () => "here",
  streams: ({ users, orders }) => [stream("users", users), stream("orders", orders)],
  check: async () => undefined,
};
`;

interface Rows {
  readonly rows: readonly object[];
  readonly rejected?: readonly object[];
}

function newSource(users: Rows, orders: Rows = { rows: [{ id: "a" }] }) {
  return newFolder({
    "faulty.js": faultySource,
    "package.json": { type: "module" },
    "configuration.json": { faulty: { users, orders } },
  });
}

const many = (count: number, rest: (index: number) => object): object[] =>
  Array.from({ length: count }, (_, index) => ({ id: `i${index}`, ...rest(index) }));

const entries = (count: number, reason: (index: number) => string): object[] =>
  many(count, (index) => ({ key: `k${reason(0)}${index}`, payload: "?", reason: reason(index) }));

test.each(databases)(
  "the summary, its log and status say why rows are in quarantine, per stream, on %s",
  async (_name, newDatabase) => {
    const database = await newDatabase();
    const users = {
      rows: [...many(1203, () => ({ size: "many" })), { id: "z", seen_at: "yesterday" }],
    };
    await using folder = await newSource(users);
    const rivulet = (...args: string[]) =>
      run("rivulet", ["--connector", "./faulty.js", ...args, "--destination", database.url], {
        cwd: folder.path,
      });
    try {
      const sync = await rivulet("sync");
      const reasons =
        "in quarantine: 1,204; the table _rivulet_quarantine has them\n" +
        '  1,203 of users: column "size": expected an integer, got a string\n' +
        '  1 of users: column "seen_at": expected a timestamp (ISO 8601, years 0001 to 9999), got a string\n';
      expect(sync.stdout).toContain(reasons);
      expect(sync.status).toBe(3);
      expect(logLines(sync).filter(({ message }) => message === "in quarantine")).toMatchObject([
        {
          level: "warning",
          stream: "users",
          entries: 1203,
          reason: 'column "size": expected an integer, got a string',
        },
        { level: "warning", stream: "users", entries: 1 },
      ]);
      expect((await rivulet("status")).stdout).toContain(reasons);
    } finally {
      await database.drop();
    }
  },
);

test("reasons that differ only in numbers, names and addresses are counted as one", async () => {
  await using folder = await newSource(
    {
      rows: [{ id: "a" }],
      rejected: [
        ...entries(3, (index) => `run "r${index}": ${index + 7} of 10 lines`),
        ...entries(2, (index) => `GET https://host/users/${index}f?page=${index}: 404`),
        ...entries(2, (index) => `column "c${index}": expected a number`),
        ...entries(1, () => "something else"),
      ],
    },
    { rows: [], rejected: entries(2, (index) => `GET https://host/orders: 50${index}`) },
  );
  const sync = await run("rivulet", ["--connector", "./faulty.js", "sync"], { cwd: folder.path });
  expect(sync.stdout).toContain(
    [
      "in quarantine: 10; the table _rivulet_quarantine has them",
      '  3 of users, such as: run "r0": 7 of 10 lines',
      "  2 of users, such as: GET https://host/users/0f?page=0: 404",
      '  1 of users: column "c0": expected a number',
      "  2 more of users",
      "  1 of orders: GET https://host/orders: 500",
      "  1 of orders: GET https://host/orders: 501",
      "",
    ].join("\n"),
  );
});

test("a reason is one line that no terminal obeys; its end is left out, settled gaps are not there", async () => {
  const long = `broken\u001b[2J\n${"word ".repeat(100)}`;
  await using folder = await newSource({
    rows: [],
    rejected: [
      ...entries(2, () => long),
      { key: "s", payload: "?", reason: "gone for good", settled: true },
    ],
  });
  const sync = await run("rivulet", ["--connector", "./faulty.js", "sync"], { cwd: folder.path });
  const [line = ""] = /^ {2}2 of users: .*$/m.exec(sync.stdout) ?? [];
  expect(line).toMatch(/^ {2}2 of users: broken\\u001b\[2J word (?:word )+…$/);
  expect(line.length).toBeLessThan(260);
  expect(sync.stdout).not.toContain("gone for good");
});

test("thousands of different reasons are counted, not kept", async () => {
  const words = (index: number): string =>
    String(index).replace(/\d/g, (digit) => "abcdefghij".charAt(Number(digit)));
  await using folder = await newSource({
    rows: [],
    rejected: entries(3000, (index) => `the word ${words(index)} is not known`),
  });
  const sync = await run("rivulet", ["--connector", "./faulty.js", "sync"], { cwd: folder.path });
  expect(sync.stdout).toMatch(
    /^in quarantine: 3,000; .*\n( {2}1 of users: the word \w+ is not known\n){3} {2}2,997 more of users$/m,
  );
});
