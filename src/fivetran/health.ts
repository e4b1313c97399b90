import {
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

interface HealthRequest {
  readonly service?: string;
}

interface HealthResponse {
  readonly status: "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
}

/** Says that these services serve, until the server ends. */
export function healthService(
  services: readonly string[],
  end: AbortSignal,
): UntypedServiceImplementation {
  const isKnown = ({ service = "" }: HealthRequest): boolean =>
    service === "" || services.includes(service);
  const now = (): HealthResponse => ({ status: end.aborted ? "NOT_SERVING" : "SERVING" });
  return {
    Check(
      { request }: ServerUnaryCall<HealthRequest, HealthResponse>,
      reply: sendUnaryData<HealthResponse>,
    ): void {
      if (isKnown(request)) reply(null, now());
      else
        reply({
          code: status.NOT_FOUND,
          details: `unknown service "${request.service ?? ""}"; there are ${services.join(", ")}`,
        });
    },
    Watch(call: ServerWritableStream<HealthRequest, HealthResponse>): void {
      call.write(isKnown(call.request) ? now() : { status: "SERVICE_UNKNOWN" });
      const tell = (): void => {
        call.write(now());
        call.end();
      };
      end.addEventListener("abort", tell, { once: true });
      call.on("cancelled", () => {
        end.removeEventListener("abort", tell);
      });
    },
  };
}
