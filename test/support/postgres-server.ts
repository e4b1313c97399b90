import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The URL, as a superuser, of the server that all tests share. */
    readonly postgresUrl: string;
  }
}

/** Starts a real Postgres for the whole run; what it returns stops it and removes its files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startEmbeddedPostgres();
  project.provide("postgresUrl", server.url);
  return () => server.stop();
}
