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

/**
 * Fivetran's source connector. `wire.ts` encodes the responses of `Update`, for their exact size.
 */
export const connectorDefinition: ServiceDefinition = withRawResponses(
  requireService("fivetran_sdk.v2.SourceConnector"),
  "Update",
);

/** The gRPC health service. */
export const healthDefinition: ServiceDefinition = requireService("grpc.health.v1.Health");

/** The gRPC reflection service. */
export const reflectionDefinition: ServiceDefinition = requireService(
  "grpc.reflection.v1.ServerReflection",
);

/** The same for older clients; only its name differs. */
export const reflectionAlphaDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(reflectionDefinition).map(([name, method]) => [
    name,
    { ...method, path: method.path.replace(".v1.", ".v1alpha.") },
  ]),
);

function requireService(name: string): ServiceDefinition {
  const definition = definitions[name];
  if (!definition || "format" in definition) throw new Error(`no service ${name}`);
  return definition;
}

function withRawResponses(service: ServiceDefinition, method: string): ServiceDefinition {
  const definition = service[method];
  if (!definition) throw new Error(`no method ${method}`);
  return { ...service, [method]: { ...definition, responseSerialize: (bytes: Buffer) => bytes } };
}
