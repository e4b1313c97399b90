/** A value as database drivers accept and return it. */
export type SqlValue = string | number | bigint | Buffer | null;
