import { parse } from "graphql";
import { expect, test } from "vitest";
import { aliasVariables, writeAliases } from "../../src/http/graphql-aliases.ts";

const field = {
  types: { n: "String!", s: "Int" },
  selection: "run(name: $n) { history(samples: $s) }",
};

test("each alias has the field with variables of its own", () => {
  const { parameters, selections } = writeAliases(2, field);
  expect(() => parse(`query Runs(${parameters}) { ${selections} }`)).not.toThrow();
  expect(parameters).toBe("$n0: String!, $s0: Int, $n1: String!, $s1: Int");
  expect(selections.split(/\n\s*/)).toEqual([
    "r0: run(name: $n0) { history(samples: $s0) }",
    "r1: run(name: $n1) { history(samples: $s1) }",
  ]);
  const variables = [
    { n: "a", s: 1 },
    { n: "b", s: 2 },
  ];
  expect(aliasVariables(variables)).toEqual({ n0: "a", s0: 1, n1: "b", s1: 2 });
});
