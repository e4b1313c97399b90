import type { Destination } from "../core/destination.ts";
import type { ReportPage } from "../core/report.ts";
import { visibleLine } from "../core/visible-text.ts";
import type { Block, SourceReport } from "./blocks.ts";
import { readExperiments } from "./experiments.ts";
import { readOverview } from "./overview.ts";
import { readQuerySection } from "./query-section.ts";

/** Whose page to read: a pipeline, its tables, and what its source declares. */
export interface ReportSubject {
  readonly title: string;
  readonly pipeline: string;
  readonly tables: readonly string[];
  readonly page?: ReportPage | undefined;
}

/** Reads the page of a source from the destination. Needs nothing from the service. */
export async function readReport(
  destination: Destination,
  { title, pipeline, tables, page }: ReportSubject,
): Promise<SourceReport> {
  const blocks: Block[] = [...(await readOverview(destination, pipeline, tables))];
  for (const section of page?.sections ?? []) {
    const block =
      section.show === "experiments"
        ? await readExperiments(destination, section)
        : await readQuerySection(destination, section);
    if (block) blocks.push(block);
  }
  return { title: visibleLine(title), blocks };
}
