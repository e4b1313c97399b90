import {
  type ArgumentNode,
  type DocumentNode,
  Kind,
  parse,
  type SelectionSetNode,
  valueFromASTUntyped,
} from "graphql";

/** The variables of a request. */
export type Variables = Readonly<Record<string, unknown>>;

/** A field that a query selects. */
export interface QueryField {
  /** Its alias, or else its name. */
  readonly key: string;
  readonly name: string;
  readonly args: readonly ArgumentNode[];
  /** Its own fields, with those of the fragments. */
  readonly fields: readonly QueryField[];
}

/** The fields at the root of a query. Throws a GraphQLError for invalid syntax. */
export function parseQuery(query: string): readonly QueryField[] {
  const document = parse(query);
  const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return [];
  return fieldsOf(operation.selectionSet, document);
}

/** The values of a field's arguments. */
export function argumentsOf({ args }: QueryField, variables: Variables): Variables {
  const entries = args.map(({ name, value }) => [
    name.value,
    valueFromASTUntyped(value, { ...variables }),
  ]);
  return Object.fromEntries(entries) as Variables;
}

function fieldsOf(
  selection: SelectionSetNode | undefined,
  document: DocumentNode,
): readonly QueryField[] {
  return (selection?.selections ?? []).flatMap((node): readonly QueryField[] => {
    if (node.kind === Kind.INLINE_FRAGMENT) return fieldsOf(node.selectionSet, document);
    if (node.kind === Kind.FRAGMENT_SPREAD)
      return fieldsOf(fragmentNamed(node.name.value, document), document);
    const { alias, name, arguments: args = [], selectionSet } = node;
    const fields = fieldsOf(selectionSet, document);
    return [{ key: alias?.value ?? name.value, name: name.value, args, fields }];
  });
}

function fragmentNamed(name: string, { definitions }: DocumentNode): SelectionSetNode | undefined {
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name)
      return definition.selectionSet;
  return undefined;
}
