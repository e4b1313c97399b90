import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";

/** What is read of a `FileDescriptorProto`. */
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

/** The files of a compiled `FileDescriptorSet`, byte for byte, by their names and by what they define. */
export class ProtoFiles {
  /** Full names of all services. */
  readonly services: string[] = [];
  readonly #files = new Map<string, ProtoFile>();
  readonly #symbols = new Map<string, string>();

  constructor(descriptorSet: Uint8Array) {
    const reader = protobuf.Reader.create(descriptorSet);
    while (reader.pos < reader.len) {
      // The set is nothing but a list of files.
      reader.uint32();
      this.#add(reader.bytes());
    }
  }

  /** A file, and those that it imports; undefined where there is no such file. */
  fileWithImports(name: string): readonly Uint8Array[] | undefined {
    if (!this.#files.has(name)) return undefined;
    const found = new Map<string, Uint8Array>();
    const waiting = [name];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const file = this.#files.get(next);
      if (!file || found.has(next)) continue;
      found.set(next, file.bytes);
      waiting.push(...file.dependencies);
    }
    return [...found.values()];
  }

  /** The file that defines a service, a method, a message or an enumeration, as `named` gives it. */
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
