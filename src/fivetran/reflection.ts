import { status, type ServerDuplexStream, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { ProtoFiles } from "./proto-files.ts";

interface Question {
  readonly host?: string;
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
}

type Answer = Readonly<Record<string, unknown>>;

/**
 * Shows programs such as grpcurl which services there are, and what their messages look like.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function reflectionService(descriptorSet: Uint8Array): UntypedServiceImplementation {
  const files = new ProtoFiles(descriptorSet);
  return {
    ServerReflectionInfo(call: ServerDuplexStream<Question, Answer>): void {
      call.on("data", (question: Question) => {
        const answer = answerTo(question, files);
        call.write({ valid_host: question.host, original_request: question, ...answer });
      });
      call.on("end", () => {
        call.end();
      });
    },
  };
}

function answerTo(question: Question, files: ProtoFiles): Answer {
  const {
    message_request: kind,
    file_by_filename: name,
    file_containing_symbol: symbol,
  } = question;
  if (kind === "list_services")
    return {
      list_services_response: { service: files.services.map((service) => ({ name: service })) },
    };
  if (kind === "file_by_filename") return descriptors(files.named(name ?? ""), name);
  if (kind === "file_containing_symbol") return descriptors(files.containing(symbol ?? ""), symbol);
  // proto3 has no extensions.
  return failure(status.NOT_FOUND, "there are no extensions");
}

function descriptors(found: readonly Uint8Array[] | undefined, what: string | undefined): Answer {
  if (!found) return failure(status.NOT_FOUND, `unknown: ${what ?? ""}`);
  return { file_descriptor_response: { file_descriptor_proto: found } };
}

function failure(code: status, message: string): Answer {
  return { error_response: { error_code: code, error_message: message } };
}
