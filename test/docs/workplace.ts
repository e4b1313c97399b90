import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { countlyDemo } from "../../src/emulators/countly/demo-service.ts";
import { listen } from "../../src/emulators/http-server.ts";
import { demoWorkspace } from "../../src/emulators/opik/demo-workspace.ts";
import { opikService } from "../../src/emulators/opik/service.ts";
import { wandbDemo } from "../../src/emulators/wandb/demo-service.ts";
import { withoutNodeWarnings } from "../support/node-warnings.ts";
import { newFolder } from "../support/program.ts";
import { root } from "./markdown.ts";

const execute = promisify(execFile);

/** Where a reader runs the commands of a page: a folder with programs, accounts and a database. */
export interface Workplace extends AsyncDisposable {
  readonly folder: string;
  /** Writes a file that a page shows. */
  save(name: string, content: string): Promise<void>;
  /** Runs commands in bash and stops at the first failure, which throws with all output. */
  run(commands: string, inFolder?: string): Promise<void>;
}

const programs = ["rivulet", "opik-sync", "wandb-sync", "countly-sync"];

export interface Services extends AsyncDisposable {
  /** The environment variables of somebody who has accounts. */
  readonly env: Readonly<Record<string, string>>;
}

/** The emulators of all services, with the data of the demo. */
export async function startServices(): Promise<Services> {
  const [wandb, countly] = [wandbDemo(), countlyDemo()];
  const login = { apiKey: "key-of-opik", workspace: "acme" };
  const opik = opikService(demoWorkspace(), { login });
  const servers = await Promise.all(
    [opik, wandb.listener, countly.listener].map(async (listener) => await listen(listener)),
  );
  const [opikUrl = "", wandbUrl = "", countlyUrl = ""] = servers.map(({ url }) => url);
  return {
    env: {
      OPIK_URL_OVERRIDE: opikUrl,
      OPIK_API_KEY: login.apiKey,
      OPIK_WORKSPACE: login.workspace,
      WANDB_BASE_URL: wandbUrl,
      WANDB_API_KEY: wandb.settings["api_key"] ?? "",
      COUNTLY_URL: countlyUrl,
      COUNTLY_API_KEY: countly.settings["api_key"] ?? "",
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

/**
 * A workplace in which the hosts that the documents name are the emulators, and their database is a
 * new one on this server.
 */
export async function newWorkplace({ env }: Services, postgresUrl: string): Promise<Workplace> {
  const folder = await newFolder();
  const bin = join(folder.path, ".bin");
  await installPrograms(bin);
  const database = await newDatabase(postgresUrl);
  const actual = (text: string): string =>
    text
      .replaceAll("https://countly.example.com", env["COUNTLY_URL"] ?? "")
      .replaceAll("postgres://me:secret@localhost/analytics", database.url);
  const { PATH = "" } = process.env;
  return {
    folder: folder.path,
    async save(name, content) {
      await writeFile(join(folder.path, name), actual(content), { mode: 0o600 });
    },
    async run(commands, inFolder = ".") {
      const bash = ["--norc", "-euo", "pipefail", "-c", actual(commands)];
      const output = await execute("bash", bash, {
        cwd: join(folder.path, inFolder),
        env: { ...env, PATH: `${bin}:${PATH}`, HOME: folder.path },
        maxBuffer: 2 ** 26,
      }).catch((error: unknown) => {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${commands}\n${stdout}\n${stderr}`, { cause: error });
      });
      withoutNodeWarnings(output);
    },
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await database.drop();
    },
  };
}

/** Puts this checkout's programs into a folder, and replacements for those a machine may lack. */
async function installPrograms(folder: string): Promise<void> {
  await mkdir(folder);
  const install = async (name: string, command: string): Promise<void> => {
    await writeFile(join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  };
  const node = (file: string): string => `"${process.execPath}" "${join(root, file)}"`;
  for (const name of programs) await install(name, node(`bin/${name}.js`));
  for (const name of ["sqlite3", "psql"]) await install(name, node(`test/docs/shims/${name}.js`));
  await install("npx", "");
}

async function newDatabase(serverUrl: string) {
  const name = `docs_${randomBytes(6).toString("hex")}`;
  const execute = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: serverUrl });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await execute(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = name;
  return { url: url.href, drop: () => execute(`drop database ${name} with (force)`) };
}
