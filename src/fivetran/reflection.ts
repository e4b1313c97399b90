import { type ServerDuplexStream, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { ProtoFiles } from "./proto-files.ts";

interface ReflectionRequest {
  readonly host?: string;
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
}

type ReflectionResponse = Readonly<Record<string, unknown>>;

/**
 * gRPC server reflection: lets clients such as grpcurl list the services and their messages.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function reflectionService(descriptorSet: Uint8Array): UntypedServiceImplementation {
  const files = new ProtoFiles(descriptorSet);
  return {
    ServerReflectionInfo(call: ServerDuplexStream<ReflectionRequest, ReflectionResponse>): void {
      call.on("data", (request: ReflectionRequest) => {
        const response = responseTo(request, files);
        call.write({ valid_host: request.host, original_request: request, ...response });
      });
      call.on("end", () => {
        call.end();
      });
    },
  };
}

function responseTo(request: ReflectionRequest, files: ProtoFiles): ReflectionResponse {
  const { message_request: kind, file_by_filename: name, file_containing_symbol: symbol } = request;
  if (kind === "list_services")
    return {
      list_services_response: { service: files.services.map((service) => ({ name: service })) },
    };
  if (kind === "file_by_filename")
    return descriptorResponse(files.fileWithImports(name ?? ""), name);
  if (kind === "file_containing_symbol")
    return descriptorResponse(files.fileDefining(symbol ?? ""), symbol);
  // proto3 has no extensions.
  return errorResponse(status.NOT_FOUND, "no extensions");
}

function descriptorResponse(
  found: readonly Uint8Array[] | undefined,
  name: string | undefined,
): ReflectionResponse {
  if (!found) return errorResponse(status.NOT_FOUND, `unknown: ${name ?? ""}`);
  return { file_descriptor_response: { file_descriptor_proto: found } };
}

function errorResponse(code: status, message: string): ReflectionResponse {
  return { error_response: { error_code: code, error_message: message } };
}
