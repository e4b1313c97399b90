import { createHash } from "node:crypto";
import type { NamingRules } from "../sql/dialect.ts";

const maxBytes = 63;

/**
 * Postgres silently truncates names to 63 bytes, so two long ones could become the same. A longer
 * name becomes its first 50 bytes, `_` and 12 hexadecimal digits of its SHA-256.
 */
export const postgresNaming: NamingRules = {
  toDatabaseName(name) {
    if (name === "") return "_";
    if (Buffer.byteLength(name) <= maxBytes) return name;
    const hash = createHash("sha256").update(name).digest("hex").slice(0, 12);
    return `${truncateToBytes(name, 50)}_${hash}`;
  },
  foldCase: (name) => name,
  reserved: new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]),
};

/** The longest prefix that fits without splitting a character. */
function truncateToBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}
