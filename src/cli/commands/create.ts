import { relative } from "node:path";
import { createPackage } from "../../connector/create-package.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { packageFolder, templateFolder } from "../invocation/package-folder.ts";
import { version } from "../invocation/version.ts";
import type { Invocation } from "../invocation/invocation.ts";

/** `create`: writes the package of a new connector, and prints what to do next. */
export async function createCommand({ flags, terminal }: Invocation<undefined>): Promise<number> {
  const { name = "", kind = "source" } = flags;
  const parent = process.cwd();
  const options = { name, kind, parent, templates: templateFolder, version: version() };
  const folder = visibleLine(`./${relative(parent, await createPackage(options))}`);
  const { bold } = terminal.color;
  terminal.printStyled(
    `wrote ${bold(folder)}: ${kind === "integration" ? "an" : "a"} ${kind} that works, for a fictional API`,
  );
  const install = `npm install --no-save "${relative(folder, packageFolder)}"`;
  terminal.printStyled(
    `next: read its README.md, and run ${bold(`cd ${folder} && ${install} && npm test`)}`,
  );
  return exitStatus.completed;
}
