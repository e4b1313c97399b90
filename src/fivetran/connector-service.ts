import { once, type EventEmitter } from "node:events";
import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { toCallError, type CallError } from "./call-error.ts";
import type { FivetranConnector } from "./fivetran-connector.ts";
import { configuredRequest, testRequest, updateRequest } from "./requests.ts";

/**
 * The four calls over gRPC. Whatever goes wrong becomes a status with its message, and the server goes on; `end` ends what is under
 * way.
 */
export function connectorService(
  connector: FivetranConnector,
  end: AbortSignal,
): UntypedServiceImplementation {
  const failure = (error: unknown, request: unknown, signal: AbortSignal): CallError => {
    const { configuration } = configuredRequest.parse(request);
    return toCallError(error, { ...connector.redactingLog(configuration), signal });
  };
  const unary =
    (answer: (request: unknown, signal: AbortSignal) => unknown) =>
    (call: ServerUnaryCall<unknown, unknown>, reply: sendUnaryData<unknown>): void => {
      const signal = callSignal(call, end);
      const answered = (async () => await answer(call.request, signal))();
      answered.then(
        (value) => {
          reply(null, value);
        },
        (error: unknown) => {
          reply(failure(error, call.request, signal));
        },
      );
    };
  return {
    ConfigurationForm: unary(() => connector.form()),
    Test: unary((request, signal) => connector.test(testRequest.parse(request), signal)),
    Schema: unary((request, signal) =>
      connector.schema(configuredRequest.parse(request).configuration, signal),
    ),
    async Update(call: ServerWritableStream<unknown, Buffer>): Promise<void> {
      const signal = callSignal(call, end);
      try {
        await writeResponses(
          connector.update(updateRequest.parse(call.request), signal),
          call,
          signal,
        );
        call.end();
      } catch (error) {
        call.emit("error", failure(error, call.request, signal));
      }
    },
  };
}

/** Aborted when who called gives up, or the server ends. */
function callSignal(call: EventEmitter, end: AbortSignal): AbortSignal {
  const controller = new AbortController();
  call.on("cancelled", () => {
    controller.abort(new Error("the call was cancelled"));
  });
  return AbortSignal.any([controller.signal, end]);
}

/** Writes as fast as the answers are taken. */
async function writeResponses(
  answers: AsyncIterable<Buffer>,
  call: ServerWritableStream<unknown, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  for await (const answer of answers) {
    signal.throwIfAborted();
    if (!call.write(answer)) await once(call, "drain", { signal });
  }
}
