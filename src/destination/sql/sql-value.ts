/** A value as a database driver takes and gives it. */
export type SqlValue = string | number | bigint | Buffer | null;
