/** What a comparison has found out about one key. */
export type Finding =
  | { readonly kind: "equal" }
  | { readonly kind: "missing" }
  | { readonly kind: "different"; readonly columns: readonly string[] }
  | { readonly kind: "unstorable"; readonly reason: string };

/** The latest finding of each key. */
export interface Findings {
  set(key: string, finding: Finding): void;
  delete(key: string): void;
  has(key: string): boolean;
  /** The number of keys with any finding, or with one of this kind. */
  count(kind?: Finding["kind"]): number;
  /** The first keys with a finding of this kind, and the finding. */
  first<K extends Finding["kind"]>(
    kind: K,
    limit: number,
  ): (readonly [key: string, finding: Extract<Finding, { kind: K }>])[];
  close(): void;
}
