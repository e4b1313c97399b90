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
  /** Families of metrics; throws nothing, but leaves out what it does not understand. */
  export default function parsePrometheusTextFormat(text: string): readonly Family[];
}
