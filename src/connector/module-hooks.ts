/** The modules of the running program: URLs by import specifier. */
let moduleUrls: Readonly<Record<string, string>> = {};

/** Called by Node in the thread of the module hooks, with the data passed to `register`. */
export function initialize(modules: Readonly<Record<string, string>>): void {
  moduleUrls = modules;
}

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

/** Resolves rivulet's modules to the running program, and all others as usual. */
export function resolve(
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => Promise<Resolved>,
): Resolved | Promise<Resolved> {
  const url = moduleUrls[specifier];
  return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
}
