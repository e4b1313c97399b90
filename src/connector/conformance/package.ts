import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { z } from "zod";
import type { Source } from "../../core/source.ts";
import { moduleName, packageName } from "../about.ts";
import { configProperties } from "../config-properties.ts";
import type { CheckDefinition } from "./subject.ts";
import type { Connector } from "../connector.ts";

const manifest = z.object({ name: z.string(), version: z.string(), type: z.literal("module") });

/** That a package is called, laid out and documented as the C8 contract says. */
export function packageChecks(
  connector: Connector | Source,
  folder: URL,
): readonly CheckDefinition[] {
  const kind = "kind" in connector ? connector.kind : "source";
  const textOf = (file: string): Promise<string> => readFile(new URL(file, folder), "utf8");
  return [
    {
      name: "is a package of the contract's name and layout",
      async run() {
        const { name } = manifest.parse(JSON.parse(await textOf("package.json")));
        assert.equal(name.replace(/^@[^/]+\//, ""), packageName(kind, connector.name));
        for (const file of ["README.md", "LICENSE", `${moduleName(kind, connector.name)}/main.js`])
          await access(new URL(file, folder));
      },
    },
    {
      name: "says in GETTING_STARTED.md how to get started, and what every key of its configuration is",
      async run() {
        const text = await textOf("GETTING_STARTED.md");
        for (const { name } of configProperties(connector))
          assert.ok(text.includes(`\`${name}\``), `GETTING_STARTED.md: says nothing of ${name}`);
      },
    },
  ];
}
