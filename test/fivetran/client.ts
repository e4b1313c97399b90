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

/** A decoded value of a record; `inner` names the member that is set. */
export type WireValue = Readonly<Record<string, unknown>> & { readonly inner?: string };

/** A decoded record. */
export interface WireRecord {
  readonly table_name: string;
  readonly type: "UPSERT" | "UPDATE" | "DELETE" | "TRUNCATE";
  readonly data: Readonly<Record<string, WireValue>>;
}

/** A decoded response to `Update`. */
export interface WireResponse {
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

/**
 * Fivetran's side of the connection, built from the `.proto` files as any other client would be.
 */
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
  update(call: UpdateCall): ClientReadableStream<WireResponse>;
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
    form: () => callUnary(client, "ConfigurationForm", {}),
    test: (name, configuration) => callUnary(client, "Test", { name, configuration }),
    schema: (configuration) => callUnary(client, "Schema", { configuration }),
    update(call) {
      const method = client["Update"] as (call: UpdateCall) => ClientReadableStream<WireResponse>;
      return method.call(client, call);
    },
    [Symbol.dispose]() {
      client.close();
    },
  };
}

function callUnary<Response>(client: Client, method: string, request: unknown): Promise<Response> {
  const call = (client as unknown as Record<string, Call<Response>>)[method];
  return new Promise((done, fail) => {
    call?.call(client, request, (error, response) => {
      if (error) fail(error);
      else done(response);
    });
  });
}

type Call<Response> = (
  request: unknown,
  reply: (error: Error | null, response: Response) => void,
) => unknown;
