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
import { served } from "./serving.ts";

const source = memorySource({ columns: { id: "string" }, read: [] });

interface Answer {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] };
  readonly error_response?: { readonly error_code: number };
}

/** Asks as grpcurl does. */
async function ask(
  port: number,
  version: typeof reflectionDefinition,
  question: object,
): Promise<Answer> {
  const Client = makeGenericClientConstructor(version, "reflection");
  const client = new Client(`localhost:${port}`, credentials.createInsecure());
  const open = client["ServerReflectionInfo"] as unknown as () => AsyncIterable<Answer> & {
    write(question: object): void;
    end(): void;
  };
  const call = open.call(client);
  call.write(question);
  call.end();
  try {
    for await (const answer of call) return answer;
    throw new Error("no answer");
  } finally {
    client.close();
  }
}

test.each([
  ["today's reflection", reflectionDefinition],
  ["the reflection of older programs", reflectionAlphaDefinition],
])(
  "%s lists the services, and shows what they are made of, with all that it imports",
  async (_, version) => {
    await using server = await served(source);
    const listed = await ask(server.port, version, { list_services: "*" });
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
      const { file_descriptor_response } = await ask(server.port, version, {
        file_containing_symbol,
      });
      const files = (file_descriptor_response?.file_descriptor_proto ?? []).map((bytes) =>
        descriptor.FileDescriptorProto.decode(bytes),
      );
      const resolved = loadFileDescriptorSetFromObject({ file: files });
      expect(Object.keys(resolved)).toContain("fivetran_sdk.v2.ValueType");
      expect(Object.keys(resolved)).toContain("google.protobuf.Timestamp");
    }
    const unknown = await ask(server.port, version, { file_by_filename: "other.proto" });
    expect(unknown.error_response?.error_code).toBe(status.NOT_FOUND);
  },
);

test("health says that the connector serves, and knows no other", async () => {
  await using server = await served(source);
  const Client = makeGenericClientConstructor(healthDefinition, "health");
  const client = new Client(`localhost:${server.port}`, credentials.createInsecure());
  const check = (service: string): Promise<unknown> =>
    new Promise((done, fail) => {
      const method = client["Check"] as unknown as (
        question: object,
        reply: (error: ServiceError | null, answer: unknown) => void,
      ) => void;
      method.call(client, { service }, (error, answer) => {
        if (error) fail(error);
        else done(answer);
      });
    });
  expect(await check("")).toEqual({ status: "SERVING" });
  expect(await check("fivetran_sdk.v2.SourceConnector")).toEqual({ status: "SERVING" });
  await expect(check("other")).rejects.toMatchObject({ code: status.NOT_FOUND });
  client.close();
});
