import {
  ServerInterceptingCall,
  ServerListenerBuilder,
  ResponderBuilder,
  status,
  type ServerInterceptor,
} from "@grpc/grpc-js";

/** Calls that run at once. */
export const maxCalls = 64;

/** Memory of this process from which calls are refused. */
export const maxMemoryBytes = 900 * 2 ** 20;

/** Limits what callers can make the server do at once: whoever reaches it can call it. */
export class Admission {
  readonly #memory: () => number;
  #running = 0;

  /** `memory` returns the bytes that the process has. */
  constructor(memory: () => number = () => process.memoryUsage.rss()) {
    this.#memory = memory;
  }

  /** Refuses a call before its message is read. Fivetran calls again later. */
  readonly interceptor: ServerInterceptor = (_method, call) => {
    let isRunning = false;
    const end = (): void => {
      if (isRunning) this.#running -= 1;
      isRunning = false;
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = this.#refusal();
        if (refusal !== undefined) {
          call.sendStatus({ code: status.RESOURCE_EXHAUSTED, details: refusal });
          return;
        }
        isRunning = true;
        this.#running += 1;
        next(metadata);
      })
      .withOnCancel(end)
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => {
        next(listener);
      })
      .withSendStatus((sent, next) => {
        end();
        next(sent);
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };

  #refusal(): string | undefined {
    if (this.#running >= maxCalls)
      return `${maxCalls} calls are running, which is the limit; try again when one has ended`;
    if (this.#memory() > maxMemoryBytes)
      return "the calls that are running need too much memory; try again when one has ended";
    return undefined;
  }
}
