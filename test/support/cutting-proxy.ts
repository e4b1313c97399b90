import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a Postgres server, which cuts a connection at a chosen moment. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** Number of connections it has accepted. */
  readonly connections: number;
  /** Cuts one connection when its client sends `text`, after letting `skip` occurrences through. */
  cutAt(text: string, moment: CutMoment, skip?: number): void;
  /** Whether a cut is still pending. */
  readonly isArmed: boolean;
  /** Cancels a pending cut and callback. */
  disarm(): void;
  /** Calls `callback` once when a client sends `text`, before it is forwarded. */
  onceSent(text: string, callback: () => void): void;
  /** Refuses new connections from now on. */
  refuseNew(): void;
  /** Forwards nothing more, but keeps all connections, and accepts new ones. */
  silenceAll(): void;
  /** Cuts all connections, and forwards or refuses new ones from now on. */
  cutAll(options: { readonly acceptNew: boolean }): void;
}

/**
 * When to cut. `before`: the server does not receive the text. `unnoticed`: nor does it notice that
 * the client is gone. `during`: it receives the text, but the client is gone before it responds.
 * `after`: it responds, but the response is not forwarded. `silent before` and `silent after`: the
 * same, but all connections stay open, as if a network had swallowed the packets.
 */
export type CutMoment =
  "before" | "unnoticed" | "during" | "after" | "silent before" | "silent after";

/** Starts a proxy on a free port, in front of the server of a URL. */
export async function startCuttingProxy(target: URL): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cut: { readonly text: string; readonly moment: CutMoment; left: number } | undefined;
  let expected: { readonly text: string; readonly callback: () => void } | undefined;
  let acceptNew = true;
  let connections = 0;
  let isSilent = false;
  const server = createServer((client) => {
    if (!acceptNew) {
      client.destroy();
      return;
    }
    connections += 1;
    if (isSilent) {
      open.add(client.on("error", () => undefined));
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    let isCutting: CutMoment | undefined;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        if (isCutting === undefined) other.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (isCutting !== undefined || isSilent) return;
      if (expected && chunk.includes(expected.text)) {
        const { callback } = expected;
        expected = undefined;
        callback();
      }
      const isMatch = cut !== undefined && chunk.includes(cut.text);
      if (cut === undefined || !isMatch || cut.left-- > 0) {
        upstream.write(chunk);
        return;
      }
      isCutting = cut.moment;
      cut = undefined;
      if (isCutting === "during") upstream.end(chunk);
      else if (isCutting === "after" || isCutting === "silent after") upstream.write(chunk);
      else if (isCutting === "before") upstream.destroy();
      if (!["after", "silent before", "silent after"].includes(isCutting)) client.destroy();
    });
    upstream.on("data", (chunk) => {
      if (isSilent) return;
      if (isCutting === undefined) client.write(chunk);
      else if (isCutting === "after") {
        client.destroy();
        upstream.destroy();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  const cutAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    cutAt(text, moment, skip = 0) {
      cut = { text, moment, left: skip };
    },
    get isArmed() {
      return cut !== undefined;
    },
    disarm() {
      cut = undefined;
      expected = undefined;
    },
    onceSent(text, callback) {
      expected = { text, callback };
    },
    silenceAll() {
      isSilent = true;
    },
    refuseNew() {
      acceptNew = false;
    },
    cutAll(options) {
      ({ acceptNew } = options);
      isSilent = false;
      cutAll();
    },
    async [Symbol.asyncDispose]() {
      cutAll();
      await new Promise((closed) => server.close(closed));
    },
  };
}
