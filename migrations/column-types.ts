/** The SQL types that differ between databases. */
export interface SystemColumnTypes {
  readonly timestamp: string;
  readonly json: string;
}
