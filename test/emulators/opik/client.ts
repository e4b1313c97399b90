import { afterEach, beforeEach } from "vitest";
import { z } from "zod";
import { startOpik, type Opik } from "../../support/opik.ts";

/** A project, dataset, version or item as it was received. */
export type Entity = Record<string, unknown>;

/** What a request may have besides its path. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends a POST. */
  readonly body?: unknown;
}

const entity = z.record(z.string(), z.unknown());

const pageShape = z.looseObject({
  page: z.number(),
  size: z.number(),
  total: z.number(),
  content: z.array(entity),
});

/** Asks an emulator of Opik, below `/v1/private`. */
export function opikClient({ url }: Opik, login: Readonly<Record<string, string>> = {}) {
  const send = (path: string, { headers = {}, body }: RequestOptions = {}): Promise<Response> =>
    fetch(`${url}/api/v1/private${path}`, {
      headers: { ...login, ...headers },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
  const json = async (path: string, options?: RequestOptions): Promise<unknown> =>
    await (await send(path, options)).json();
  const page = async (path: string, options?: RequestOptions) =>
    pageShape.parse(await json(path, options));
  const stream = async (body: object): Promise<Entity[]> => {
    const response = await send("/datasets/items/stream", { body });
    const lines = (await response.text()).split("\r\n").filter(Boolean);
    return lines.map((line) => entity.parse(JSON.parse(line)));
  };
  return {
    send,
    json,
    page,
    stream,
    status: async (path: string, options?: RequestOptions) => (await send(path, options)).status,
    names: async (path: string) => (await page(path)).content.map(({ name }) => name),
    /** The latest version of a dataset. */
    latest: async (id: string): Promise<Entity> =>
      (await page(`/datasets/${id}/versions?size=1`)).content[0] ?? {},
    /** The items of a dataset, by the numbered pages. */
    items: (id: string, query = "size=1000") => page(`/datasets/${id}/items?${query}`),
  };
}

/** A client of an emulator. */
export type EmulatorClient = ReturnType<typeof opikClient>;

/** An emulator and a client of it. */
interface Emulator {
  readonly opik: Opik;
  readonly client: EmulatorClient;
}

/** Starts an emulator for each test, passes it to `onStart`, and ends it after the test. */
export function useEmulator(onStart: (emulator: Emulator) => void): void {
  let opik: Opik;
  beforeEach(async () => {
    opik = await startOpik();
    onStart({ opik, client: opikClient(opik) });
  });
  afterEach(async () => {
    await opik[Symbol.asyncDispose]();
  });
}

/** The `data` of items. */
export function dataOf(items: readonly Entity[]): unknown[] {
  return items.map(({ data }) => data);
}
