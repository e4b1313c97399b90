/**
 * Prints the items of datasets as the official SDK from npm returns them, one JSON object a line.
 *
 * The first argument is the folder that has the SDK in its `node_modules`; each further one is a
 * dataset and its project, as `["name", "project"]`, or `["name"]`.
 */
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, ...datasets] = process.argv.slice(2);
const { Opik } = createRequire(join(folder, "package.json"))("opik");
const client = new Opik();
for (const [name, project] of datasets.map((text) => JSON.parse(text))) {
  const dataset = await client.getDataset(name, project);
  const items = await dataset.getItems();
  for (const content of items) console.log(JSON.stringify({ dataset: dataset.id, content }));
}
