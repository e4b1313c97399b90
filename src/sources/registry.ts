import { ConfigError } from "../core/errors.ts";
import type { Source } from "../core/source.ts";

/** The sources that rivulet brings, each loaded when it is needed. */
const registry: Readonly<Record<string, () => Promise<Source>>> = {
  opik: async () => (await import("./opik/source.ts")).opik,
  wandb: async () => (await import("./wandb/source.ts")).wandb,
  countly: async () => (await import("./countly/source.ts")).countly,
  example: async () => (await import("./example/source.ts")).example,
};

export const sourceNames: readonly string[] = Object.keys(registry);

/** Those that copy a service. The others show how a source is written. */
export const serviceNames: readonly string[] = sourceNames.filter((name) => name !== "example");

/** Loads a source by its name. */
export async function loadSource(name: string): Promise<Source> {
  const source = await registry[name]?.();
  if (!source)
    throw new ConfigError(`unknown source "${name}"; there are ${sourceNames.join(", ")}`);
  return source;
}
