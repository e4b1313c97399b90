import { once, type EventEmitter } from "node:events";
import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { callFailure, type CallFailure } from "./call-error.ts";
import type { Connector } from "./fivetran-connector.ts";
import { configured, testRequest, updateRequest } from "./requests.ts";

/**
 * The four calls over gRPC. Whatever goes wrong becomes a status with its message, and the server goes on; `end` ends what is under
 * way.
 */
export function connectorService(
  connector: Connector,
  end: AbortSignal,
): UntypedServiceImplementation {
  const failure = (error: unknown, request: unknown, signal: AbortSignal): CallFailure => {
    const { configuration } = configured.parse(request);
    return callFailure(error, { ...connector.voice(configuration), signal });
  };
  const unary =
    (answer: (request: unknown, signal: AbortSignal) => unknown) =>
    (call: ServerUnaryCall<unknown, unknown>, reply: sendUnaryData<unknown>): void => {
      const signal = signalOf(call, end);
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
      connector.schema(configured.parse(request).configuration, signal),
    ),
    async Update(call: ServerWritableStream<unknown, Buffer>): Promise<void> {
      const signal = signalOf(call, end);
      try {
        await send(connector.update(updateRequest.parse(call.request), signal), call, signal);
        call.end();
      } catch (error) {
        call.emit("error", failure(error, call.request, signal));
      }
    },
  };
}

/** Aborted when who called gives up, or the server ends. */
function signalOf(call: EventEmitter, end: AbortSignal): AbortSignal {
  const controller = new AbortController();
  call.on("cancelled", () => {
    controller.abort(new Error("the call was cancelled"));
  });
  return AbortSignal.any([controller.signal, end]);
}

/** Writes as fast as the answers are taken. */
async function send(
  answers: AsyncIterable<Buffer>,
  call: ServerWritableStream<unknown, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  for await (const answer of answers) {
    signal.throwIfAborted();
    if (!call.write(answer)) await once(call, "drain", { signal });
  }
}
