/** URLs by what is imported. */
let moduleUrls: Readonly<Record<string, string>> = {};

/** Called by Node in the thread that finds modules, with what `register` was given. */
export function initialize(modules: Readonly<Record<string, string>>): void {
  moduleUrls = modules;
}

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

/** Finds modules of rivulet's in the program that runs, and all others as ever. */
export function resolve(
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => Promise<Resolved>,
): Resolved | Promise<Resolved> {
  const url = moduleUrls[specifier];
  return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
}
