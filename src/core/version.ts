/** Replaced by the build; without one, as in tests of single files, it does not exist. */
declare const RIVULET_VERSION: string | undefined;

/**
 * The version of the running program: that of its package, with the commit that it was built from
 * if that is known, such as `0.1.0+abc1234`.
 */
export const programVersion: string =
  typeof RIVULET_VERSION === "undefined" ? "unbuilt" : RIVULET_VERSION;
