declare module "parse-prometheus-text-format" {
  export interface Family {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly {
      readonly value: string;
      readonly labels?: Readonly<Record<string, string>>;
    }[];
  }
  /** Parses families of metrics. Never throws; leaves out what it cannot parse. */
  export default function parsePrometheusTextFormat(text: string): readonly Family[];
}
