import { createHash } from "node:crypto";

/** A digest of 72 bits, to tell apart texts of the same kind. */
export function shortDigest(text: string): string {
  return createHash("sha1").update(text).digest("base64url").slice(0, 12);
}
