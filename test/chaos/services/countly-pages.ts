import { z } from "zod";
import { readParams } from "../../../src/emulators/countly/request-context.ts";
import type { ChaosService } from "../service.ts";

/** Lists are paged by `skip`, or by ids below the last one. */
export const firstPageRequest: ChaosService["firstPageRequest"] = (request) => {
  const params = Object.entries(readParams(request));
  if (!params.some(([name]) => ["query", "filter", "skip"].includes(name))) return undefined;
  const first = params.map(
    ([name, value]) => [name, firstPageParam(name, value)] as [string, string],
  );
  const text = new URLSearchParams(first).toString();
  if (request.method !== "GET") return { ...request, body: text };
  const url = new URL(request.url);
  url.search = text;
  return { ...request, url };
};

const query = z.looseObject({ _id: z.unknown().optional() });

function firstPageParam(name: string, value: string): string {
  if (name === "skip") return "0";
  if (name !== "query" && name !== "filter") return value;
  return JSON.stringify({ ...query.parse(JSON.parse(value)), _id: undefined });
}

const rowKeys = ["aaData", "collections", "data"];

export const emptyPage: ChaosService["emptyPage"] = (body) => {
  if (body.startsWith("[{")) return "[]";
  const key = rowKeys.find((name) => body.includes(`"${name}":[{`));
  if (key === undefined) return undefined;
  return JSON.stringify({ ...z.looseObject({}).parse(JSON.parse(body)), [key]: [] });
};
