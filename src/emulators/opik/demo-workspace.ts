import { OpikClock } from "./clock.ts";
import type { NewItem, OpikDataset } from "./dataset.ts";
import { demoDatasets } from "./demo-datasets.ts";
import { OpikWorkspace } from "./workspace.ts";

/**
 * The workspace of a team that builds assistants: 6 projects and 12 datasets with about 2,500
 * items. The same seed gives the same data.
 */
export function demoWorkspace(seed = 1): OpikWorkspace {
  const clock = new OpikClock({ seed });
  const workspace = new OpikWorkspace({ clock, user: "ada@acme.example" });
  const projectIds = new Map<string, string>(
    demoProjects.map((project) => {
      clock.advance(day * 9);
      return [project.name, addProject(workspace, project)];
    }),
  );
  for (const { project, name, description, tags, size, item } of demoDatasets) {
    clock.advance(day * 5);
    const project_id = projectIds.get(project);
    const dataset = workspace.addDataset({ name, project_id, description, tags });
    const items = Array.from({ length: size }, (_, index) => item(clock, index));
    populate(workspace, dataset, items);
  }
  clock.advance(day);
  return workspace;
}

const day = 24 * 60 * 60 * 1000;

const demoProjects = [
  { name: "support-bot", description: "The assistant in the help centre" },
  { name: "docs-rag", description: "Answers from the product documentation" },
  { name: "invoice-reader", description: "Amounts and dates from scanned invoices" },
  { name: "sql-copilot" },
  { name: "safety", description: "Red team prompts, shared by all assistants" },
  { name: "traduction-été-2025", description: "Übersetzung, 翻訳, traducción" },
] as const;

function addProject(workspace: OpikWorkspace, project: (typeof demoProjects)[number]): string {
  const last_updated_trace_at = project.name === "safety" ? null : workspace.clock.nextInstant();
  return workspace.addProject({ ...project, last_updated_trace_at }).id;
}

/** Fills a dataset over several days: two uploads, some corrections, and a few deletions. */
function populate({ clock }: OpikWorkspace, dataset: OpikDataset, items: readonly NewItem[]): void {
  if (items.length === 0) return;
  const half = Math.ceil(items.length / 2);
  const first = dataset.addItems(items.slice(0, half));
  clock.advance(day * 3);
  dataset.addItems(items.slice(half));
  clock.advance(day);
  const corrected = first.filter((_, index) => index % 25 === 7);
  dataset.updateItems(
    new Map(
      corrected.map((id) => [id, { tags: ["corrected"], last_updated_by: "grace@acme.example" }]),
    ),
  );
  dataset.deleteItems(first.filter((_, index) => index % 50 === 11));
}
