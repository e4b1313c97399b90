import { type EventEmitter, once } from "node:events";
import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type CallError, toCallError } from "./call-error.ts";
import type { FivetranConnector } from "./fivetran-connector.ts";
import { configuredRequest, testRequest, updateRequest } from "./requests.ts";

/**
 * The four calls over gRPC. An error becomes the status of its call; the server continues. `end`
 * aborts running calls.
 */
export function connectorService(
  connector: FivetranConnector,
  end: AbortSignal,
): UntypedServiceImplementation {
  const callError = (error: unknown, request: unknown, signal: AbortSignal): CallError => {
    const { configuration } = configuredRequest.parse(request);
    return toCallError(error, { ...connector.redactingLog(configuration), signal });
  };
  const unary =
    (respond: (request: unknown, signal: AbortSignal) => unknown) =>
    (call: ServerUnaryCall<unknown, unknown>, reply: sendUnaryData<unknown>): void => {
      const signal = callSignal(call, end);
      const response = (async () => await respond(call.request, signal))();
      response.then(
        (value) => {
          reply(null, value);
        },
        (error: unknown) => {
          reply(callError(error, call.request, signal));
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
        call.emit("error", callError(error, call.request, signal));
      }
    },
  };
}

/** Aborts when the client cancels the call, or the server shuts down. */
function callSignal(call: EventEmitter, end: AbortSignal): AbortSignal {
  const controller = new AbortController();
  call.on("cancelled", () => {
    controller.abort(new Error("the call was cancelled"));
  });
  return AbortSignal.any([controller.signal, end]);
}

/** Writes at the client's pace. */
async function writeResponses(
  responses: AsyncIterable<Buffer>,
  call: ServerWritableStream<unknown, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  for await (const response of responses) {
    signal.throwIfAborted();
    if (!call.write(response)) await once(call, "drain", { signal });
  }
}
