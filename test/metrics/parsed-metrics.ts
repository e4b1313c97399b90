import parse, { type Family } from "parse-prometheus-text-format";

/** Metrics as a parser of the Prometheus text format understands them. */
export class ParsedMetrics {
  readonly families: ReadonlyMap<string, Family>;

  constructor(text: string) {
    this.families = new Map(parse(text).map((family) => [family.name, family]));
  }

  /** The value of a metric with these labels, and whatever others. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.families
      .get(name)
      ?.metrics.find(({ labels: own = {} }) =>
        Object.entries(labels).every(([label, value]) => own[label] === value),
      );
    return found && Number(found.value);
  }

  labels(name: string): Readonly<Record<string, string>> | undefined {
    return this.families.get(name)?.metrics[0]?.labels;
  }
}
