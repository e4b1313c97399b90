import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy before a Postgres server, which cuts a connection at the moment that a test is about. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections it has taken. */
  readonly connections: number;
  /** Cuts the connection on which the client says this, once, after it was said so often without being cut. */
  cutAt(said: string, moment: CutMoment, after?: number): void;
  /** Whether there is a cut still to come. */
  readonly isArmed: boolean;
  /** Takes back what was to happen. */
  disarm(): void;
  /** Calls back, once, when the client says this, before the server hears it. */
  onceSent(said: string, then: () => void): void;
  /** Cuts all connections; new ones are taken or not. */
  cutAll(options: { readonly acceptNew: boolean }): void;
}

/**
 * `before` the server hears it; `unnoticed` is the same, but the server believes that the client is still there; `during`, when it has heard it
 * and nobody hears its answer any more; `after` it has answered, without passing the answer on.
 */
export type CutMoment = "before" | "unnoticed" | "during" | "after";

export async function startCuttingProxy(target: URL): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cut: { readonly said: string; readonly moment: CutMoment; left: number } | undefined;
  let expected: { readonly said: string; readonly then: () => void } | undefined;
  let acceptNew = true;
  let connections = 0;
  const server = createServer((client) => {
    if (!acceptNew) {
      client.destroy();
      return;
    }
    connections += 1;
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
      if (isCutting !== undefined) return;
      if (expected && chunk.includes(expected.said)) {
        const { then } = expected;
        expected = undefined;
        then();
      }
      const isSaid = cut !== undefined && chunk.includes(cut.said);
      if (cut === undefined || !isSaid || cut.left-- > 0) {
        upstream.write(chunk);
        return;
      }
      isCutting = cut.moment;
      cut = undefined;
      if (isCutting === "during") upstream.end(chunk);
      else if (isCutting === "after") upstream.write(chunk);
      else if (isCutting === "before") upstream.destroy();
      if (isCutting !== "after") client.destroy();
    });
    upstream.on("data", (chunk) => {
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
    cutAt(said, moment, after = 0) {
      cut = { said, moment, left: after };
    },
    get isArmed() {
      return cut !== undefined;
    },
    disarm() {
      cut = undefined;
      expected = undefined;
    },
    onceSent(said, then) {
      expected = { said, then };
    },
    cutAll(options) {
      ({ acceptNew } = options);
      cutAll();
    },
    async [Symbol.asyncDispose]() {
      cutAll();
      await new Promise((closed) => server.close(closed));
    },
  };
}
