import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { datasetId, OpikPages } from "../services/opik-pages.ts";
import { readWorkerOptions } from "../worker.ts";

/**
 * An Opik server with preserialized, uncompressed responses. `/requests` returns the request count.
 */
const options = readWorkerOptions(
  z.object({
    datasets: z.number(),
    itemsPerDataset: z.number(),
    pageSize: z.number(),
    ids: z.enum(["random", "descending"]),
    itemBytes: z.number(),
    latencyMs: z.number().default(0),
    /** False: build each page when it is requested, for more data than fits into memory. */
    keepPages: z.boolean().default(true),
  }),
);

const { datasets, itemsPerDataset, pageSize, latencyMs, keepPages } = options;
const pages = Array.from({ length: datasets }, (_, index) => new OpikPages(options, index));
const builtPages = keepPages ? pages.map(buildPages) : [];
const datasetList = Buffer.from(
  `{"page":1,"size":${datasets},"total":${datasets},"content":[${pages.map((_, index) => datasetJson(index)).join(",")}]}`,
);
const emptyPage = Buffer.from('{"page":1,"size":0,"total":0,"content":[]}');
let requests = 0;

const server = createServer((request, response) => void respond(request, response));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object")
    process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  if (pathname === "/requests") {
    response.end(JSON.stringify(requests));
    return;
  }
  requests += 1;
  if (latencyMs > 0) await setTimeout(latencyMs);
  const body = bodyOf(pathname.replace("/v1/private/", ""), {
    page: Number(searchParams.get("page")),
    size: Number(searchParams.get("size")),
  });
  response.writeHead(body ? 200 : 404, {
    "content-type": "application/json",
    "content-length": (body ?? emptyPage).length,
  });
  response.end(body ?? emptyPage);
}

function bodyOf(
  path: string,
  { page, size }: { readonly page: number; readonly size: number },
): Buffer | undefined {
  if (path === "projects" || path === "feedback-definitions") return emptyPage;
  if (path === "datasets") return datasetList;
  const [, id = "", list] = /^datasets\/([\w-]{36})\/(items|versions)$/.exec(path) ?? [];
  const index = parseInt(id.slice(-12), 16);
  if (list === "versions") return versionPage(index);
  const built = size === pageSize ? builtPages[index]?.[page - 1] : undefined;
  return built ?? pages[index]?.page(page, size);
}

function buildPages(dataset: OpikPages): readonly Buffer[] {
  const count = Math.ceil(itemsPerDataset / pageSize);
  return Array.from({ length: count }, (_, index) => dataset.page(index + 1, pageSize));
}

function versionPage(index: number): Buffer {
  const counts = `"items_total":${itemsPerDataset},"items_added":${itemsPerDataset},"items_modified":0,"items_deleted":0`;
  return Buffer.from(
    `{"page":1,"size":1,"total":1,"content":[{"id":"${datasetId(index)}","version_hash":"v${index}",${counts},"last_updated_at":"2026-01-01T00:00:00Z"}]}`,
  );
}

function datasetJson(index: number): string {
  const at = "2026-01-01T00:00:00Z";
  return `{"id":"${datasetId(index)}","name":"dataset ${index}","created_at":"${at}","last_updated_at":"${at}","dataset_items_count":${itemsPerDataset},"latest_version":{"id":"${datasetId(index)}","version_hash":"v${index}","version_name":"v1"}}`;
}
