import { once } from "node:events";
import { Socket } from "node:net";

/** The message before any other: length 8, and the code of an SSLRequest. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A connection to a server that has said whether it encrypts. */
export interface AskedServer {
  /** For pg, which calls its `connect` once more. */
  readonly socket: Socket;
  readonly hasTls: boolean;
}

/**
 * Connects to a server and asks whether it encrypts. Either way, the connection can be used: pg
 * itself would close it if the server does not.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 */
export async function askForTls(
  { host, port }: { readonly host: string; readonly port: number },
  { timeoutMs, signal }: Limits,
): Promise<AskedServer> {
  signal.throwIfAborted();
  const socket = new Socket().on("error", () => undefined);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    socket.connect(port, host);
    await once(socket, "connect", { signal: limit });
    socket.write(sslRequest);
    await once(socket, "readable", { signal: limit });
    const answer = String(socket.read());
    // More than one character was not sent by the server, but by somebody in between.
    if (answer !== "S" && answer !== "N") throw new Error("no answer to the request for SSL");
    socket.connect = () => {
      process.nextTick(() => socket.emit("connect"));
      return socket;
    };
    return { socket, hasTls: answer === "S" };
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw limit.aborted ? new Error("timeout expired", { cause: error }) : error;
  }
}
