import type { MassDeletionConfig } from "../core/mass-deletion-fields.ts";
import type { Stream } from "../core/source.ts";

/** Lets the streams of a source believe a mass deletion if its configuration allows it. */
export function allowMassDeletion(
  streams: readonly Stream[],
  { allow_mass_deletion: isAllowed }: MassDeletionConfig,
): readonly Stream[] {
  if (!isAllowed) return streams;
  return streams.map((stream) => ({
    ...stream,
    read: (options) => stream.read({ ...options, allowMassDeletion: true }),
  }));
}
