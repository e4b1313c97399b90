const beginning = '{"partition":';

/** The quarantine key of a partition that could not be read as a whole. */
export function partitionKey(partition: string): string {
  return JSON.stringify({ partition });
}

/** Whether a quarantine key is that of a partition. */
export function isPartitionKey(key: string): boolean {
  return key.startsWith(beginning);
}
