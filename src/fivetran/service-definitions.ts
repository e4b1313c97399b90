import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { descriptors } from "./descriptors.ts";

/** The compiled `FileDescriptorSet` of all services. */
export const descriptorSet: Buffer = Buffer.from(descriptors, "base64");

const definitions = loadFileDescriptorSetFromBuffer(descriptorSet, {
  keepCase: true,
  longs: String,
  enums: String,
  oneofs: true,
});

/** Fivetran's source connector. The answers of `Update` are written by `wire.ts`, byte by byte, because their size counts. */
export const connectorDefinition: ServiceDefinition = withRawResponses(
  requireService("fivetran_sdk.v2.SourceConnector"),
  "Update",
);

/** Whether the server serves. */
export const healthDefinition: ServiceDefinition = requireService("grpc.health.v1.Health");

/** What the server offers, in the version that is current and in the one that older programs ask for: they differ by name only. */
export const reflectionDefinition: ServiceDefinition = requireService(
  "grpc.reflection.v1.ServerReflection",
);
export const reflectionAlphaDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(reflectionDefinition).map(([name, method]) => [
    name,
    { ...method, path: method.path.replace(".v1.", ".v1alpha.") },
  ]),
);

function requireService(name: string): ServiceDefinition {
  const definition = definitions[name];
  if (!definition || "format" in definition) throw new Error(`there is no service ${name}`);
  return definition;
}

function withRawResponses(service: ServiceDefinition, method: string): ServiceDefinition {
  const definition = service[method];
  if (!definition) throw new Error(`there is no method ${method}`);
  return { ...service, [method]: { ...definition, responseSerialize: (bytes: Buffer) => bytes } };
}
