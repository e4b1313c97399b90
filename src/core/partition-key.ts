/** The quarantine key of a partition that could not be read as a whole. */
export function partitionKey(partition: string): string {
  return JSON.stringify({ partition });
}
