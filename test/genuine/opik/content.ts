import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import type { Json } from "../../../src/emulators/opik/json.ts";
import { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";

/** A workspace with everything that projects, datasets and items can hold. */
export function newContent(): OpikWorkspace {
  const workspace = new OpikWorkspace();
  const bot = workspace.addProject({ name: "support bot", description: "answers" }).id;
  const text = workspace.addProject({ name: 'größe & "text" 🔢 / 翻訳' }).id;
  workspace.addProject({ name: "Default Project", visibility: "public" });
  const values = workspace.addDataset({ name: "values", project_id: bot, tags: ["a,b", "größe"] });
  values.addItems(valueItems.map((data) => ({ data })));
  addLargeDataset(workspace, bot);
  addFields(workspace.addDataset({ name: "fields", project_id: text, type: "evaluation_suite" }));
  // Two datasets of one name, and items with the same ids in two datasets.
  const copies = workspace.addDataset({ name: "values", project_id: text });
  values.copyItemsTo(copies, idsOf(values).slice(0, 7));
  copies.addItems([{ data: { only: "here" } }], { inPlace: true });
  addWithoutVersions(workspace, bot);
  workspace.addDataset({ name: "empty", project_id: text, description: "nothing in it" });
  workspace.addDataset({ name: "leaving" }).addItems([{ data: { input: "x" } }, { data: {} }]);
  workspace.clock.advance(settlingMs);
  return workspace;
}

/** What happens until the next sync: in each dataset something is new, changed or gone. */
export function changeContent(workspace: OpikWorkspace): void {
  const [large, fields, plain] = ["large", "fields", "plain"].map((name) => find(workspace, name));
  const [values, copies] = workspace.datasets.filter(({ entity }) => entity.name === "values");
  const [first, second, third] = idsOf(large!);
  large!.updateItem(first!, { data: { input: "edited in place" } }, { inPlace: true });
  large!.updateItem(second!, { tags: ["new"], description: "edited" });
  large!.deleteItems(idsOf(large!).slice(1990, 2010));
  large!.deleteItems([third!], { inPlace: true });
  fields!.addItems([{ data: { input: "after" }, source: "manual" }]);
  copies!.copyItemsTo(values!, idsOf(copies!).slice(0, 1));
  values!.deleteItems(idsOf(values!).slice(-1));
  plain!.addItems([{ data: { input: "its first version" } }]);
  find(workspace, "empty").addItems([{ data: { input: "no longer empty" } }]);
  workspace.updateDataset(find(workspace, "empty").id, { name: "filled", tags: ["renamed"] });
  workspace.deleteDataset(find(workspace, "leaving").id);
  workspace.addDataset({ name: "new", visibility: "public" }).addItems([{ data: { input: 1 } }]);
  workspace.updateProject(workspace.projects[0]!.id, { description: "said since" });
  workspace.clock.advance(settlingMs);
}

/** Versions younger than this are read once more when they are older. */
const settlingMs = 15 * 60_000 + 1;

function find(workspace: OpikWorkspace, name: string): OpikDataset {
  return workspace.datasets.find(({ entity }) => entity.name === name)!;
}

function idsOf(dataset: OpikDataset): readonly string[] {
  return dataset.itemsAt(dataset.versions.length).map(({ item }) => item.id);
}

/** One item for each kind of value. */
const valueItems: readonly Json[] = [
  { input: "text", expected_output: "more", metadata: { source: "faq", page: 3 } },
  { input: { messages: [{ role: "user", content: "hi" }] }, output: ["a", null, { b: [] }] },
  { inputs: 1, input: 2, outputs: false, output: "not this", metadata: "a text" },
  { float: 0.1, int: 3, negative: -7.25, zero: 0, exponent: 1e-300, large: 1.5e300 },
  { beyond_2_53: raw("9007199254740993"), lowest: raw("-9223372036854775808") },
  { beyond_int64: raw("9223372036854775808"), beyond_uint64: raw("1180591620717411303425") },
  { digits: raw("0.12345678901234567890"), whole: raw("1.0"), power: raw("1e17") },
  { too_large: raw("1e400"), minus_zero: raw("-0.0") },
  { text: 'ünï "cödé" \\ \n\t🔢\u2028', empty: "", number: "12", word: "null" },
  { nul: "a\u0000b", controls: "\u0001\u001f\u007f", html: "<b>&amp;</b>", slash: raw('"\\/"') },
  { yes: true, no: false, nothing: null, list: [1, "a", [2, null], {}], none: [], object: {} },
  { "a.b": 1, a: { b: 2 }, "f/g h": 4, "größe 🔢": 5, "": 6, createdAt: 7, created_at: 8 },
  { input: "long", output: "x".repeat(100_000) },
  { deep: nested(60) },
  { image: "data:image/png;base64,iVBORw0KGgo=", image_url: { url: "data:image/png;base64,aa" } },
  // Names that the SDK leaves out of an item's content: they are names of its own.
  { source: "mine", description: "of the data", trace_id: "t", evaluators: [1], tags: ["own"] },
  {},
];

/** More items than a stream or a page of the SDK holds, in several versions. */
function addLargeDataset(workspace: OpikWorkspace, project_id: string): void {
  const large = workspace.addDataset({ name: "large", project_id, description: "3,000 items" });
  const item = (index: number) => ({
    data: { input: { index }, expected_output: `answer ${index}`, score: index / 7 },
  });
  const first = large.addItems(Array.from({ length: 1000 }, (_, index) => item(index)));
  // As an upload in batches: all of them are one version.
  large.addItems(Array.from({ length: 1010 }, (_, index) => item(1000 + index)));
  large.addItems(
    Array.from({ length: 1000 }, (_, index) => item(2010 + index)),
    { inPlace: true },
  );
  large.updateItems(new Map(first.slice(0, 50).map((id) => [id, { tags: ["corrected"] }])));
  large.updateItem(first[60]!, { data: { input: "in place" } }, { inPlace: true });
  large.deleteItems(first.slice(100, 105));
  large.deleteItems(first.slice(500, 505), { inPlace: true });
}

/** Items that have or lack what people and programs give to items. */
function addFields(dataset: OpikDataset): void {
  const id = "0195a1b2-0000-7000-8000-00000000000";
  dataset.addItems([
    {
      data: { input: "s" },
      source: "sdk",
      tags: ["paper", "größe", "a,b"],
      description: "two\nlines",
    },
    { data: { input: "m" }, source: "manual", tags: [] },
    { data: { input: "t" }, source: "trace", trace_id: `${id}1` },
    { data: { input: "p" }, source: "span", trace_id: `${id}1`, span_id: `${id}2` },
    { id: `${id}3`, data: { input: "an id of its own" }, created_by: "grace@acme.example" },
    {
      data: { input: "judged" },
      evaluators: [{ name: "fair", type: "llm_judge", config: { model: { t: 0.5 }, big: 12 } }],
      execution_policy: { runs_per_item: 3, pass_threshold: 2 },
    },
  ]);
}

/** Datasets that have no version, or got one when they were first read. */
function addWithoutVersions(workspace: OpikWorkspace, project_id: string): void {
  const plain = workspace.addDataset({ name: "plain", project_id });
  plain.addItems([{ data: { input: "a" } }, { data: { input: "b" } }], { withoutVersion: true });
  const old = workspace.addDataset({ name: "old", project_id }, { migrates: true });
  old.addItems([{ data: { input: "from before versions" } }], { withoutVersion: true });
  // Somebody has read it.
  old.migrate();
}

function nested(levels: number): Json {
  return levels === 0 ? "bottom" : { level: [nested(levels - 1)] };
}

function raw(text: string): RawJson {
  return new RawJson(text);
}
