import { createHash } from "node:crypto";

/**
 * The key of an advisory lock on a scope of a schema, or on the schema itself, which no name of a
 * scope can equal. Unlike a row lock, it writes nothing.
 */
export function advisoryLockKey(schema: string, scope?: string): bigint {
  const hash = createHash("sha256")
    .update(JSON.stringify(["rivulet", schema, scope]))
    .digest();
  return hash.readBigInt64BE();
}
