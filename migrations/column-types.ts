/** The column types of the system tables that differ between databases. */
export interface SystemColumnTypes {
  readonly timestamp: string;
  readonly json: string;
}
