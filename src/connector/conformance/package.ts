import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { z } from "zod";
import type { Source } from "../../core/source.ts";
import { moduleName, packageName } from "../about.ts";
import { configProperties } from "../config-properties.ts";
import type { Connector } from "../connector.ts";
import type { CheckDefinition } from "./subject.ts";

const manifest = z.object({ name: z.string(), version: z.string(), type: z.literal("module") });

/** Checks that a package has the name, layout and documentation that the C8 contract requires. */
export function packageChecks(
  connector: Connector | Source,
  folder: URL,
): readonly CheckDefinition[] {
  const kind = "kind" in connector ? connector.kind : "source";
  const readText = (file: string): Promise<string> => readFile(new URL(file, folder), "utf8");
  return [
    {
      name: "has the package name and layout that the contract requires",
      async run() {
        const { name } = manifest.parse(JSON.parse(await readText("package.json")));
        assert.equal(name.replace(/^@[^/]+\//, ""), packageName(kind, connector.name));
        for (const file of ["README.md", "LICENSE", `${moduleName(kind, connector.name)}/main.js`])
          await access(new URL(file, folder));
      },
    },
    {
      name: "documents every configuration key in GETTING_STARTED.md",
      async run() {
        const text = await readText("GETTING_STARTED.md");
        for (const { name } of configProperties(connector))
          assert.ok(text.includes(`\`${name}\``), `GETTING_STARTED.md: does not mention ${name}`);
      },
    },
  ];
}
