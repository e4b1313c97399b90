import {
  credentials,
  makeGenericClientConstructor,
  status,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadFileDescriptorSetFromObject } from "@grpc/proto-loader";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { expect, test } from "vitest";
import {
  healthDefinition,
  reflectionDefinition,
  reflectionAlphaDefinition,
} from "../../src/fivetran/service-definitions.ts";
import { memorySource } from "./memory-source.ts";
import { serveSource } from "./serving.ts";

const source = memorySource({ columns: { id: "string" }, read: [] });

interface Response {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] };
  readonly error_response?: { readonly error_code: number };
}

/** Sends a reflection request, as grpcurl does. */
async function reflect(
  port: number,
  version: typeof reflectionDefinition,
  request: object,
): Promise<Response> {
  const Client = makeGenericClientConstructor(version, "reflection");
  const client = new Client(`localhost:${port}`, credentials.createInsecure());
  const open = client["ServerReflectionInfo"] as unknown as () => AsyncIterable<Response> & {
    write(request: object): void;
    end(): void;
  };
  const call = open.call(client);
  call.write(request);
  call.end();
  try {
    for await (const response of call) return response;
    throw new Error("no response");
  } finally {
    client.close();
  }
}

test.each([
  ["current reflection", reflectionDefinition],
  ["the reflection of older clients", reflectionAlphaDefinition],
])("%s lists the services and their files, imports included", async (_, version) => {
  await using server = await serveSource(source);
  const listed = await reflect(server.port, version, { list_services: "*" });
  expect(listed.list_services_response?.service.map(({ name }) => name)).toEqual([
    "fivetran_sdk.v2.SourceConnector",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
  ]);
  for (const file_containing_symbol of [
    "fivetran_sdk.v2.SourceConnector",
    "fivetran_sdk.v2.SourceConnector.Update",
    "fivetran_sdk.v2.Record.DataEntry",
  ]) {
    const { file_descriptor_response } = await reflect(server.port, version, {
      file_containing_symbol,
    });
    const files = (file_descriptor_response?.file_descriptor_proto ?? []).map((bytes) =>
      descriptor.FileDescriptorProto.decode(bytes),
    );
    const resolved = loadFileDescriptorSetFromObject({ file: files });
    expect(Object.keys(resolved)).toContain("fivetran_sdk.v2.ValueType");
    expect(Object.keys(resolved)).toContain("google.protobuf.Timestamp");
  }
  const unknown = await reflect(server.port, version, { file_by_filename: "other.proto" });
  expect(unknown.error_response?.error_code).toBe(status.NOT_FOUND);
});

test("health reports the connector as serving, and rejects other services", async () => {
  await using server = await serveSource(source);
  const Client = makeGenericClientConstructor(healthDefinition, "health");
  const client = new Client(`localhost:${server.port}`, credentials.createInsecure());
  const check = (service: string): Promise<unknown> =>
    new Promise((done, fail) => {
      const method = client["Check"] as unknown as (
        request: object,
        reply: (error: ServiceError | null, response: unknown) => void,
      ) => void;
      method.call(client, { service }, (error, response) => {
        if (error) fail(error);
        else done(response);
      });
    });
  expect(await check("")).toEqual({ status: "SERVING" });
  expect(await check("fivetran_sdk.v2.SourceConnector")).toEqual({ status: "SERVING" });
  await expect(check("other")).rejects.toMatchObject({ code: status.NOT_FOUND });
  client.close();
});
