import type { Destination } from "../../core/destination.ts";
import { openDestination } from "../../destination/open.ts";
import type { ConfiguredSource } from "../invocation/invocation.ts";

/** Opens the destination of a source, or the external target that replaces it. */
export async function openConfiguredDestination(
  { destination: url, openOptions, context, target }: ConfiguredSource,
  options: { readonly thread?: boolean } = {},
): Promise<Destination> {
  const destination = await openDestination(url, { ...openOptions, ...options });
  if (!target) return destination;
  const { TargetDestination } = await import("../../connector/target-destination.ts");
  return new TargetDestination(destination, { ...target, context });
}
