/** The modules of the running program: URLs by import specifier. */
let moduleUrls: Readonly<Record<string, string>> = {};

/**
 * Sets the modules to resolve. Where the hooks have a thread of their own, Node calls it there with
 * the data passed to `register`.
 */
export function initialize(modules: Readonly<Record<string, string>>): void {
  moduleUrls = modules;
}

interface Resolved {
  readonly url: string;
  readonly shortCircuit: true;
}

/**
 * Resolves rivulet's modules to the running program, and all others as usual: at once for
 * `registerHooks`, with a promise for `register`.
 */
export function resolve<Context, Result>(
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Result,
): Result | Resolved {
  const url = moduleUrls[specifier];
  return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
}
