import type { z } from "zod";
import { dropwizardError, validationError } from "./response.ts";

/** The requested page of a list; `page` counts from 1. Throws a ResponseError. */
export function parsePage(query: URLSearchParams): { page: number; size: number } {
  return { page: parsePositive(query, "page", 1), size: parsePositive(query, "size", 10) };
}

/** A parameter that is a JSON array; empty without it. Throws a 400 ResponseError. */
export function parseList<T>(
  text: string | null | undefined,
  name: string,
  shape: z.ZodType<T[]>,
): T[] {
  if (!text) return [];
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    throw dropwizardError(400, `Invalid ${name} query parameter '${text}'`);
  }
}

function parsePositive(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  // JAX-RS answers 404, not 400, if a query parameter is not a number.
  if (!/^-?\d{1,9}$/.test(text)) throw dropwizardError(404, "HTTP 404 Not Found");
  if (Number(text) >= 1) return Number(text);
  throw validationError(400, [`query param ${name} must be greater than or equal to 1`]);
}
