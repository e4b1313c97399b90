import { resolve } from "node:path";
import {
  credentials,
  loadPackageDefinition,
  type Client,
  type ClientReadableStream,
  type GrpcObject,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** A value of a record, as the tests see it: one member says its type. */
export type WireValue = Readonly<Record<string, unknown>> & { readonly inner?: string };

export interface WireRecord {
  readonly table_name: string;
  readonly type: "UPSERT" | "UPDATE" | "DELETE" | "TRUNCATE";
  readonly data: Readonly<Record<string, WireValue>>;
}

/** An answer of `Update`. */
export interface WireAnswer {
  readonly operation: "record" | "records" | "checkpoint" | "warning" | "task";
  readonly record?: WireRecord;
  readonly records?: { readonly records: readonly WireRecord[] };
  readonly checkpoint?: { readonly state_json: string };
  readonly warning?: { readonly message: string };
  readonly task?: { readonly message: string };
}

export interface WireTable {
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly primary_key: boolean;
  }[];
}

export interface WireField {
  readonly name: string;
  readonly label: string;
  readonly [detail: string]: unknown;
}

export interface UpdateCall {
  readonly configuration: Readonly<Record<string, string>>;
  readonly selection?: unknown;
  readonly state_json?: string;
}

/** Fivetran's side of the connection, made of the `.proto` files as somebody else would make it. */
export interface FivetranClient extends Disposable {
  form(): Promise<{
    readonly fields: readonly WireField[];
    readonly tests: readonly { readonly name: string; readonly label: string }[];
  }>;
  test(
    name: string,
    configuration: UpdateCall["configuration"],
  ): Promise<{ readonly success?: boolean; readonly failure?: string }>;
  schema(configuration: UpdateCall["configuration"]): Promise<{
    readonly without_schema: { readonly tables: readonly WireTable[] };
    readonly selection_not_supported?: boolean;
  }>;
  update(call: UpdateCall): ClientReadableStream<WireAnswer>;
}

const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

export function connect(port: number, host = "localhost"): FivetranClient {
  const definition = loadSync("connector_sdk.proto", {
    ...options,
    includeDirs: [resolve(import.meta.dirname, "../../proto")],
  });
  const sdk = (loadPackageDefinition(definition)["fivetran_sdk"] as GrpcObject)["v2"] as GrpcObject;
  const client = new (sdk["SourceConnector"] as ServiceClientConstructor)(
    `${host}:${port}`,
    credentials.createInsecure(),
    { "grpc.max_receive_message_length": 128 * 2 ** 20 },
  );
  return {
    form: () => ask(client, "ConfigurationForm", {}),
    test: (name, configuration) => ask(client, "Test", { name, configuration }),
    schema: (configuration) => ask(client, "Schema", { configuration }),
    update(call) {
      const method = client["Update"] as (call: UpdateCall) => ClientReadableStream<WireAnswer>;
      return method.call(client, call);
    },
    [Symbol.dispose]() {
      client.close();
    },
  };
}

function ask<Answer>(client: Client, method: string, request: unknown): Promise<Answer> {
  const call = (client as unknown as Record<string, Call<Answer>>)[method];
  return new Promise((done, fail) => {
    call?.call(client, request, (error, answer) => {
      if (error) fail(error);
      else done(answer);
    });
  });
}

type Call<Answer> = (
  request: unknown,
  reply: (error: Error | null, answer: Answer) => void,
) => unknown;
