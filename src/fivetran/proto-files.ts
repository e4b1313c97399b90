import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";

/** The members of a `FileDescriptorProto` that are used here. */
interface FileDescriptor {
  readonly name?: string;
  readonly package?: string;
  readonly dependency?: readonly string[];
  readonly service?: readonly NamedDescriptor[];
  readonly messageType?: readonly NamedDescriptor[];
  readonly enumType?: readonly NamedDescriptor[];
}

interface NamedDescriptor {
  readonly name?: string;
  readonly method?: readonly NamedDescriptor[];
  readonly nestedType?: readonly NamedDescriptor[];
  readonly enumType?: readonly NamedDescriptor[];
}

interface ProtoFile {
  readonly bytes: Uint8Array;
  readonly dependencies: readonly string[];
}

/** The files of a compiled `FileDescriptorSet`, by name and by the symbols they define. */
export class ProtoFiles {
  /** Full names of all services. */
  readonly services: string[] = [];
  readonly #files = new Map<string, ProtoFile>();
  readonly #symbols = new Map<string, string>();

  constructor(descriptorSet: Uint8Array) {
    const reader = protobuf.Reader.create(descriptorSet);
    while (reader.pos < reader.len) {
      // Skips the tag: a set has only one field, `file`.
      reader.uint32();
      this.#add(reader.bytes());
    }
  }

  /** A file and all files that it imports, encoded; undefined if there is no such file. */
  fileWithImports(name: string): readonly Uint8Array[] | undefined {
    if (!this.#files.has(name)) return undefined;
    const found = new Map<string, Uint8Array>();
    const pending = [name];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const file = this.#files.get(next);
      if (!file || found.has(next)) continue;
      found.set(next, file.bytes);
      pending.push(...file.dependencies);
    }
    return [...found.values()];
  }

  /** The file that defines a service, method, message or enum, with its imports. */
  fileDefining(symbol: string): readonly Uint8Array[] | undefined {
    const name = this.#symbols.get(symbol);
    return name === undefined ? undefined : this.fileWithImports(name);
  }

  #add(bytes: Uint8Array): void {
    const file = descriptor.FileDescriptorProto.decode(bytes) as unknown as FileDescriptor;
    const { name = "", package: scope = "", dependency = [], service = [] } = file;
    this.#files.set(name, { bytes, dependencies: dependency });
    this.services.push(...service.map((each) => `${scope}.${each.name ?? ""}`));
    const defined = [...service, ...(file.messageType ?? []), ...(file.enumType ?? [])];
    for (const each of defined) this.#define(scope, each, name);
  }

  #define(
    scope: string,
    { name = "", method, nestedType, enumType }: NamedDescriptor,
    file: string,
  ): void {
    const symbol = `${scope}.${name}`;
    this.#symbols.set(symbol, file);
    const inside = [...(method ?? []), ...(nestedType ?? []), ...(enumType ?? [])];
    for (const each of inside) this.#define(symbol, each, file);
  }
}
