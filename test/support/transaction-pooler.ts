import { createServer, Socket, type Server } from "node:net";
import { Client } from "pg";
import { messageType, MessageSplitter, newMessage } from "./postgres-messages.ts";

/** A request for encryption, which is answered before the client sends its login. */
const encryptionCodes = [80877103, 80877104];
const startupCode = 196608;

/** Messages that the server answers with "ready for query". */
const answered = "QSF";

/** A client of the pooler. */
interface PoolClient {
  readonly socket: Socket;
  session: PoolSession | undefined;
  /** What it has sent while no session was free. */
  readonly pending: Buffer[];
}

/** A connection to the server. */
interface PoolSession {
  readonly socket: Socket;
  client: PoolClient | undefined;
  lastClient: PoolClient | undefined;
  /** Messages whose "ready for query" has not come yet. */
  unanswered: number;
}

interface PoolerOptions {
  /** The server, and as whom to log in; the clients' logins are not checked. */
  readonly target: URL;
  /** How many connections to the server there are at most. */
  readonly size: number;
}

/**
 * A pooler in transaction mode: a client has a connection to the server from the first message of a
 * transaction to its end. Nothing is reset in between: each session keeps what any client leaves.
 */
export class TransactionPooler implements AsyncDisposable {
  readonly #options: PoolerOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #sessions = new Set<PoolSession>();
  readonly #idle: PoolSession[] = [];
  readonly #waiting: PoolClient[] = [];
  /** What the server said of itself when the first session logged in. */
  readonly #parameters = new Map<string, string>();
  #opening = 0;
  #handovers = 0;

  private constructor(options: PoolerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  /** Opens its connections, and listens on a free port. */
  static async start(options: PoolerOptions): Promise<TransactionPooler> {
    const pooler = new TransactionPooler(options);
    await Promise.all(Array.from({ length: options.size }, () => pooler.#open()));
    pooler.#server.listen(0, "127.0.0.1");
    await new Promise((listening) => pooler.#server.once("listening", listening));
    return pooler;
  }

  /** The target's URL with the pooler in its place. */
  get url(): URL {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port is free");
    const url = new URL(this.#options.target);
    url.port = String(address.port);
    return url;
  }

  /** How often a session went from one client to another. */
  get handovers(): number {
    return this.#handovers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#clients) socket.destroy();
    for (const { socket } of this.#sessions) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const client: PoolClient = { socket, session: undefined, pending: [] };
    const messages = new MessageSplitter({ isTyped: false });
    socket.setNoDelay();
    this.#clients.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#clients.delete(socket);
      // Its transaction is rolled back.
      client.session?.socket.destroy();
      const at = this.#waiting.indexOf(client);
      if (at >= 0) this.#waiting.splice(at, 1);
    });
    socket.on("data", (chunk) => {
      for (const message of messages.split(chunk)) {
        if (messages.isTyped) this.#receive(client, message);
        else messages.isTyped = this.#greet(client, message);
      }
    });
  }

  /** Answers a message before the login. Returns whether the client is logged in. */
  #greet({ socket }: PoolClient, message: Buffer): boolean {
    const code = message.readInt32BE(4);
    if (encryptionCodes.includes(code)) socket.write("N");
    else if (code !== startupCode) socket.destroy();
    if (code !== startupCode) return false;
    socket.write(newMessage("R", Buffer.alloc(4)));
    for (const [name, value] of this.#parameters)
      socket.write(newMessage("S", Buffer.from(`${name}\0${value}\0`)));
    socket.write(newMessage("K", Buffer.alloc(8)));
    socket.write(newMessage("Z", Buffer.from("I")));
    return true;
  }

  #receive(client: PoolClient, message: Buffer): void {
    if (messageType(message) === "X") client.socket.destroy();
    else if (client.session) forward(client.session, message);
    else {
      client.pending.push(message);
      if (!this.#waiting.includes(client)) this.#waiting.push(client);
      this.#serve();
    }
  }

  /** Gives free sessions to clients that wait, the longest free one first. */
  #serve(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const [session, client] = [this.#idle.shift(), this.#waiting.shift()];
      if (!session || !client) return;
      if (session.lastClient && session.lastClient !== client) this.#handovers += 1;
      session.client = session.lastClient = client;
      client.session = session;
      for (const message of client.pending.splice(0)) forward(session, message);
    }
    if (this.#waiting.length === 0) return;
    if (this.#sessions.size + this.#opening < this.#options.size) void this.#reopen();
  }

  /** Replaces a session that was lost. */
  async #reopen(): Promise<void> {
    try {
      await this.#open();
    } catch {
      for (const { socket } of this.#waiting) socket.destroy();
    }
  }

  async #open(): Promise<void> {
    this.#opening += 1;
    try {
      const socket = new Socket();
      const login = new Client({
        connectionString: this.#options.target.href,
        stream: () => socket,
      });
      login.on("error", () => undefined);
      login.connection.on("parameterStatus", rememberIn(this.#parameters));
      await login.connect();
      this.#add(socket);
    } finally {
      this.#opening -= 1;
    }
    this.#serve();
  }

  /** Takes the socket of a client that has logged in. */
  #add(socket: Socket): void {
    const session: PoolSession = {
      ...{ socket, unanswered: 0 },
      ...{ client: undefined, lastClient: undefined },
    };
    const messages = new MessageSplitter({ isTyped: true });
    socket.setNoDelay();
    socket.removeAllListeners();
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#sessions.delete(session);
      const at = this.#idle.indexOf(session);
      if (at >= 0) this.#idle.splice(at, 1);
      session.client?.socket.destroy();
      this.#serve();
    });
    socket.on("data", (chunk: Buffer) => {
      for (const message of messages.split(chunk)) this.#answer(session, message);
    });
    this.#sessions.add(session);
    this.#idle.push(session);
  }

  #answer(session: PoolSession, message: Buffer): void {
    const { client } = session;
    client?.socket.write(message);
    if (!client || messageType(message) !== "Z") return;
    session.unanswered -= 1;
    if (session.unanswered > 0 || message.toString("latin1", 5) !== "I") return;
    client.session = session.client = undefined;
    this.#idle.push(session);
    this.#serve();
  }
}

function forward(session: PoolSession, message: Buffer): void {
  if (answered.includes(messageType(message))) session.unanswered += 1;
  session.socket.write(message);
}

interface Parameter {
  readonly parameterName: string;
  readonly parameterValue: string;
}

function rememberIn(parameters: Map<string, string>) {
  return ({ parameterName: name, parameterValue: value }: Parameter): void => {
    parameters.set(name, value);
  };
}
