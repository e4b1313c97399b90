import { afterEach, beforeEach, expect, test } from "vitest";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient } from "./client.ts";

let countly: Countly;
let client: ReturnType<typeof countlyClient>;
let app: CountlyApp;

beforeEach(async () => {
  countly = await startCountly();
  client = countlyClient(countly);
  app = countly.workspace.addApp({ fields: { name: `Salt & "Pepper" <'s>` } });
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

/** The `custom` member of a user as the compliance hub sends it. */
async function sent(value: string): Promise<unknown> {
  app.addUser({ did: "one", custom: { value } });
  const { aaData } = await client.consents(app, { project: "{}" });
  return aaData[0]?.["custom"];
}

test("names and values are escaped at any depth", async () => {
  app.addUser({ custom: { "a<b": ["x & y", { 'say "hi"': "it's" }] } });

  const { admin_of } = await client.record("/o/apps/mine");
  expect(admin_of).toMatchObject({
    [app.id]: { name: "Salt &amp; &quot;Pepper&quot; &lt;&#39;s&gt;" },
  });
  const { aaData } = await client.consents(app, { project: "{}" });
  expect(aaData[0]?.["custom"]).toEqual({
    "a&lt;b": ["x &amp; y", { "say &quot;hi&quot;": "it&#39;s" }],
  });
});

test("an entity is not escaped again, so that it is the same as the character it stands for", async () => {
  expect(await sent("a & b")).toEqual({ value: "a &amp; b" });
  expect(await sent("a &amp; b")).toEqual({ value: "a &amp; b" });
  expect(await sent("a < b &amp; c")).toEqual({ value: "a &lt; b &amp;amp; c" });
  expect(await sent("&nbsp;")).toEqual({ value: "&amp;nbsp;" });
});

test("a string that holds JSON is escaped inside and serialized again, with its quotes unescaped", async () => {
  const stored = String.raw`{ "a": "<b> \"c\"" }`;

  expect(await sent(stored)).toEqual({ value: `{"a":"&lt;b&gt; &quot;c&quot;"}` });
});

test("the export and the database viewer do not escape", async () => {
  app.addUser({ did: "a & b", custom: { "a<b": `"it's"` } });
  const stored = { did: "a & b", custom: { "a<b": `"it's"` } };

  expect(await client.exported(app)).toMatchObject([stored]);
  expect((await client.viewed(app)).collections).toMatchObject([stored]);
});

test("messages have only their angle brackets escaped", async () => {
  expect(await client.statusAndBody("/o/export/db", { collection: "x", query: "<" })).toEqual([
    400,
    { result: expect.stringMatching(/^Failed to parse query\. .*&lt;/) as string },
  ]);
});
