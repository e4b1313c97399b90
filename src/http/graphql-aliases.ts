/** A field to select several times in one query, with other arguments each time. */
export interface AliasedField {
  /** The type of each variable in the selection: `{ n: "String!" }`. */
  readonly types: Readonly<Record<string, string>>;
  /** The field with its arguments and members: `run(name: $n) { id }`. */
  readonly selection: string;
}

/** The aliases of a query: its parameters, and what it selects. */
interface Aliases {
  readonly parameters: string;
  readonly selections: string;
}

/** The alias at an index, which is the name of its value in the response. */
export function aliasAt(index: number): string {
  return `r${index}`;
}

/**
 * Selects a field `count` times. Of the alias at index 3, variable `$n` is `$n3`. The text is the
 * same for the same count, so that the service can cache the parsed query.
 */
export function writeAliases(count: number, { types, selection }: AliasedField): Aliases {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const declarations = Object.entries(types);
  return {
    parameters: indexes
      .flatMap((index) => declarations.map(([name, type]) => `$${name}${index}: ${type}`))
      .join(", "),
    selections: indexes
      .map((index) => `${aliasAt(index)}: ${selection.replace(/\$\w+/g, `$&${index}`)}`)
      .join("\n    "),
  };
}

/** The variables of a query whose aliases have these. */
export function aliasVariables(
  variables: readonly Readonly<Record<string, unknown>>[],
): Readonly<Record<string, unknown>> {
  const entries = variables.flatMap((one, index) =>
    Object.entries(one).map(([name, value]) => [`${name}${index}`, value] as const),
  );
  return Object.fromEntries(entries);
}
