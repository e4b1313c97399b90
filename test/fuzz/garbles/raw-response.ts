import type { RequestHandler } from "../../../src/emulators/http-server.ts";

/** The bytes of a response, which need not be valid. */
interface RawResponse {
  /** What follows `HTTP/1.1 `. */
  readonly status?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  /** What happens to the connection afterwards. Default: it is closed. */
  readonly then?: "close" | "reset" | "stall";
}

/** Writes a response byte by byte, as no HTTP library would let us. */
export function raw({ status, headers, body = "", then = "close" }: RawResponse): RequestHandler {
  return (_request, response) => {
    const { socket } = response;
    const head = [`HTTP/1.1 ${status ?? "200 OK"}`, ...(headers ?? lengthOf(body)), "", ""];
    socket?.on("error", () => undefined);
    socket?.write(
      Buffer.concat([Buffer.from(head.join("\r\n"), "latin1"), Buffer.from(body)]),
      () => {
        if (then === "close") socket.end();
        if (then === "reset") socket.resetAndDestroy();
      },
    );
  };
}

/** The headers of a JSON body of this length. */
export function lengthOf(body: string | Buffer): readonly string[] {
  return [`content-length: ${Buffer.byteLength(body)}`, "content-type: application/json"];
}
