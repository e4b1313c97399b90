import { Registry } from "prom-client";
import { newFamilies, type Families } from "./families.ts";
import type { Side } from "./metrics-options.ts";
import { PipelineMetrics, type PipelineLabels } from "./pipeline-metrics.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The metrics of a process: a registry of our own, without what prom-client measures of a process,
 * which node_exporter has of itself under the same names.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #families: Families;
  readonly #pipelines = new Map<string, PipelineMetrics>();
  readonly #now: () => number;

  constructor(side: Side, env: Environment, now: () => number = Date.now) {
    this.#now = now;
    this.#registry.setDefaultLabels(contractLabels(env));
    this.#families = newFamilies(this.#registry, side);
  }

  /** The content type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The series of one pipeline. */
  of({ pipeline, source }: PipelineLabels): PipelineMetrics {
    const key = keyOf({ pipeline, source });
    const found =
      this.#pipelines.get(key) ??
      new PipelineMetrics(this.#families, { pipeline, source }, this.#now);
    this.#pipelines.set(key, found);
    return found;
  }

  /** Whether there are series of this pipeline. */
  has(pipeline: PipelineLabels): boolean {
    return this.#pipelines.has(keyOf(pipeline));
  }

  /** All metrics in the Prometheus text format. */
  async text(): Promise<string> {
    const { requests, retries, waited } = this.#families;
    for (const counter of [requests, retries, waited]) counter.reset();
    for (const pipeline of this.#pipelines.values()) pipeline.collectRequests();
    return await this.#registry.metrics();
  }
}

function keyOf({ pipeline, source }: PipelineLabels): string {
  return JSON.stringify([pipeline, source]);
}

/** The contract's labels, from environment variables; `NA` if one is not set. */
function contractLabels(env: Environment): Readonly<Record<string, string>> {
  const variables = {
    region: "GDN_FEDERATION",
    tenant: "GDN_TENANT",
    fabric: "GDN_FABRIC",
    workflow: "WORKFLOW_UUID",
  } as const;
  return Object.fromEntries(
    Object.entries(variables).map(([label, variable]) => [label, env[variable] || "NA"]),
  );
}
