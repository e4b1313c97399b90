import { once } from "node:events";
import { exitStatus } from "../invocation/exit-status.ts";
import { serve } from "../../fivetran/server.ts";
import type { Invocation } from "../invocation/invocation.ts";

const defaultPort = 50051;

/** `serve`: serves the source to Fivetran until interrupted. Each call brings its configuration. */
export async function serveCommand({ source, flags, signal }: Invocation): Promise<number> {
  const { port = defaultPort, host, quiet, "log-level": level = "info" } = flags;
  const allowPrivate = flags["allow-private"] === true;
  const write = (line: string): void => {
    process.stdout.write(line);
  };
  const threshold = quiet === true ? "warning" : level;
  await using serving = await serve({
    source,
    port,
    host,
    allowPrivate,
    signal,
    write,
    threshold,
  });
  const { log } = serving;
  const where = host === undefined ? "all interfaces, without TLS or login" : host;
  log.info(`${source.title}: serving Fivetran on port ${serving.port} (${where})`);
  if (!signal.aborted) await once(signal, "abort");
  log.info("stopping; the next update resumes from the last checkpoint");
  return exitStatus.completed;
}
