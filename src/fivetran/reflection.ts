import { status, type ServerDuplexStream, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { ProtoFiles } from "./proto-files.ts";

interface ReflectionRequest {
  readonly host?: string;
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
}

type ReflectionResponse = Readonly<Record<string, unknown>>;

/**
 * Shows programs such as grpcurl which services there are, and what their messages look like.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function reflectionService(descriptorSet: Uint8Array): UntypedServiceImplementation {
  const files = new ProtoFiles(descriptorSet);
  return {
    ServerReflectionInfo(call: ServerDuplexStream<ReflectionRequest, ReflectionResponse>): void {
      call.on("data", (question: ReflectionRequest) => {
        const answer = responseTo(question, files);
        call.write({ valid_host: question.host, original_request: question, ...answer });
      });
      call.on("end", () => {
        call.end();
      });
    },
  };
}

function responseTo(question: ReflectionRequest, files: ProtoFiles): ReflectionResponse {
  const {
    message_request: kind,
    file_by_filename: name,
    file_containing_symbol: symbol,
  } = question;
  if (kind === "list_services")
    return {
      list_services_response: { service: files.services.map((service) => ({ name: service })) },
    };
  if (kind === "file_by_filename")
    return descriptorResponse(files.fileWithImports(name ?? ""), name);
  if (kind === "file_containing_symbol")
    return descriptorResponse(files.fileDefining(symbol ?? ""), symbol);
  // proto3 has no extensions.
  return errorResponse(status.NOT_FOUND, "there are no extensions");
}

function descriptorResponse(
  found: readonly Uint8Array[] | undefined,
  what: string | undefined,
): ReflectionResponse {
  if (!found) return errorResponse(status.NOT_FOUND, `unknown: ${what ?? ""}`);
  return { file_descriptor_response: { file_descriptor_proto: found } };
}

function errorResponse(code: status, message: string): ReflectionResponse {
  return { error_response: { error_code: code, error_message: message } };
}
