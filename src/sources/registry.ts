import { ConfigError } from "../core/errors.ts";
import type { Source } from "../core/source.ts";

/** The bundled sources; each is loaded when it is needed. */
const registry: Readonly<Record<string, () => Promise<Source>>> = {
  opik: async () => (await import("./opik/source.ts")).opik,
  wandb: async () => (await import("./wandb/source.ts")).wandb,
  countly: async () => (await import("./countly/source.ts")).countly,
  example: async () => (await import("./example/source.ts")).example,
};

/** The names of all bundled sources. */
export const sourceNames: readonly string[] = Object.keys(registry);

/** The sources that copy a service; `example` does not. */
export const serviceNames: readonly string[] = sourceNames.filter((name) => name !== "example");

/** Loads a bundled source. Throws a ConfigError if there is none of that name. */
export async function loadSource(name: string): Promise<Source> {
  const source = await registry[name]?.();
  if (!source)
    throw new ConfigError(`unknown source "${name}"; sources: ${sourceNames.join(", ")}`);
  return source;
}
