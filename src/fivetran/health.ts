import {
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

interface HealthRequest {
  readonly service?: string;
}

interface HealthResponse {
  readonly status: "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
}

/**
 * gRPC health checks: these services are serving until `end` aborts.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export function healthService(
  services: readonly string[],
  end: AbortSignal,
): UntypedServiceImplementation {
  const isKnown = ({ service = "" }: HealthRequest): boolean =>
    service === "" || services.includes(service);
  const currentHealth = (): HealthResponse => ({ status: end.aborted ? "NOT_SERVING" : "SERVING" });
  return {
    Check(
      { request }: ServerUnaryCall<HealthRequest, HealthResponse>,
      reply: sendUnaryData<HealthResponse>,
    ): void {
      if (isKnown(request)) reply(null, currentHealth());
      else
        reply({
          code: status.NOT_FOUND,
          details: `unknown service "${request.service ?? ""}"; available: ${services.join(", ")}`,
        });
    },
    Watch(call: ServerWritableStream<HealthRequest, HealthResponse>): void {
      call.write(isKnown(call.request) ? currentHealth() : { status: "SERVICE_UNKNOWN" });
      const notify = (): void => {
        call.write(currentHealth());
        call.end();
      };
      end.addEventListener("abort", notify, { once: true });
      call.on("cancelled", () => {
        end.removeEventListener("abort", notify);
      });
    },
  };
}
