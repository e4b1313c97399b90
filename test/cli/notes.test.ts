import { expect, test } from "vitest";
import { logLines, newFolder, run } from "../support/program.ts";

/** A source whose two streams say something for the summary. */
const talkingSource = `
import { z } from "rivulet/connector";

const stream = (name, notes) => ({
  name,
  columns: { id: "string" },
  primaryKey: ["id"],
  async *read() {
    for (const note of notes) yield { rows: [], note };
  },
});

export const connector = {
  kind: "source",
  name: "talking",
  title: "Talking",
  config: z.object({}),
  identity: () => "here",
  streams: () => [stream("first", ["listed at noon"]), stream("second", ["listed at noon", "read"])],
  check: async () => undefined,
};
`;

test("the summary has what the streams say, once each", async () => {
  await using folder = await newFolder({
    "talking.js": talkingSource,
    "package.json": { type: "module" },
    "configuration.json": { talking: {} },
  });
  const sync = await run(
    "rivulet",
    ["--connector", "./talking.js", "sync", "--destination", "sqlite:./w.db"],
    { cwd: folder.path },
  );
  expect(sync.status).toBe(0);
  expect(sync.stdout.match(/^(listed at noon|read)$/gm)).toEqual(["listed at noon", "read"]);
  const notes = logLines(sync).map(({ message }) => message);
  expect(notes.slice(-3)).toEqual(["listed at noon", "read", "sync completed"]);
});
