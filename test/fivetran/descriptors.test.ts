import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { expect, test } from "vitest";
import { descriptorSet } from "../../src/fivetran/service-definitions.ts";

interface Message {
  readonly name: string;
  readonly field?: readonly {
    readonly name: string;
    readonly number: number;
    readonly type: string;
    readonly label: string;
  }[];
  readonly nestedType?: readonly Message[];
}

interface Set {
  readonly file: readonly { readonly name: string; readonly messageType?: readonly Message[] }[];
}

const folder = resolve(import.meta.dirname, "../../proto");
const set = descriptor.FileDescriptorSet.toObject(
  descriptor.FileDescriptorSet.decode(descriptorSet),
  {
    enums: String,
  },
) as unknown as Set;

/** Every field of the compiled messages: `Message.field = number`, with `repeated` or `map`. */
function compiledFields(messages: readonly Message[]): string[] {
  return messages.flatMap(({ name, field = [], nestedType = [] }) =>
    field.map((each) => {
      const entry = nestedType.some(
        ({ name: nested }) => nested.toLowerCase() === `${each.name.replaceAll("_", "")}entry`,
      );
      const kind = entry ? "map " : each.label === "LABEL_REPEATED" ? "repeated " : "";
      return `${kind}${name}.${each.name} = ${each.number}`;
    }),
  );
}

/** The same for the text of a `.proto` file. */
function declaredFields(text: string): string[] {
  const root = protobuf.parse(text, { keepCase: true }).root;
  const lines: string[] = [];
  const visit = (space: protobuf.NamespaceBase): void => {
    for (const inner of space.nestedArray) {
      if (inner instanceof protobuf.Type) {
        for (const field of inner.fieldsArray) {
          const kind =
            field instanceof protobuf.MapField ? "map " : field.repeated ? "repeated " : "";
          lines.push(`${kind}${inner.name}.${field.name} = ${field.id}`);
        }
      }
      if (inner instanceof protobuf.Namespace) visit(inner);
    }
  };
  visit(root);
  return lines;
}

test.each(["common.proto", "connector_sdk.proto", "health.proto", "reflection.proto"])(
  "the program contains %s as it is",
  (name) => {
    const messages = set.file.find((file) => file.name === name)?.messageType ?? [];
    const fields = compiledFields(messages);
    expect(fields.length).toBeGreaterThan(1);
    expect(fields.sort()).toEqual(
      declaredFields(readFileSync(resolve(folder, name), "utf8")).sort(),
    );
  },
);
