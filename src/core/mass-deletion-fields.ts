import { toggle } from "./config-field.ts";

/** The configuration key that lets a mass deletion pass. */
export const massDeletionKey = "allow_mass_deletion";

/**
 * The configuration field for faces without flags. It is meant for one sync, as the flag
 * `--allow-mass-deletion` is.
 */
export const massDeletionFields = {
  [massDeletionKey]: toggle({
    description:
      "Mark rows as deleted even if the service suddenly lists far fewer than before. Set it for one sync only, like the flag `--allow-mass-deletion`.",
  }).default(false),
};

/** The part of a configuration that `massDeletionFields` parse. */
export interface MassDeletionConfig {
  readonly [massDeletionKey]: boolean;
}
