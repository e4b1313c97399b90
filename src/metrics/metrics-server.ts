import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigError } from "../core/errors.ts";
import type { Metrics } from "./metrics.ts";

/** A running metrics server; disposing it closes all connections. */
interface MetricsServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Serves metrics to Prometheus on all interfaces, because Prometheus usually runs on another
 * machine. Throws a ConfigError if the port cannot be used.
 */
export async function serveMetrics(metrics: Metrics, port: number): Promise<MetricsServer> {
  const server = createServer(metricsListener(metrics));
  await new Promise<void>((listening, failed) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "the port is in use" : (cause.code ?? "unknown");
      failed(
        new ConfigError(`--metrics-port ${port}: cannot listen (${why}); choose another`, {
          cause,
        }),
      );
    });
    server.listen(port, listening);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function metricsListener(metrics: Metrics): RequestListener {
  return ({ method, url = "" }, response) => {
    // Not parsed with `new URL`: an invalid URL would throw and end the sync.
    const [path = ""] = url.split("?", 1);
    if (method !== "GET" || !["/", "/metrics"].includes(path)) {
      response.writeHead(404).end("metrics are at /metrics\n");
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  };
}
