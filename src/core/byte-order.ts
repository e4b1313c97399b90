/** Whether `a` sorts before `b` by their UTF-8 bytes, the order in which databases compare keys. */
export function isBeforeInBytes(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}
