import parse, { type Family } from "parse-prometheus-text-format";

/** Metrics as parsed from the Prometheus text format. */
export class ParsedMetrics {
  readonly families: ReadonlyMap<string, Family>;

  constructor(text: string) {
    this.families = new Map(parse(text).map((family) => [family.name, family]));
  }

  /** The value of a metric with at least these labels. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const metric = this.families
      .get(name)
      ?.metrics.find(({ labels: metricLabels = {} }) =>
        Object.entries(labels).every(([label, value]) => metricLabels[label] === value),
      );
    return metric && Number(metric.value);
  }

  /** The labels of a metric's first sample. */
  labels(name: string): Readonly<Record<string, string>> | undefined {
    return this.families.get(name)?.metrics[0]?.labels;
  }
}
