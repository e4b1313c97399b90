import { expect, test } from "vitest";
import { newFolder, run } from "./program.ts";

test("a warning of Node fails the test that started the program", async () => {
  await using folder = await newFolder({
    "warns.mjs": `process.emitWarning("too old", "DeprecationWarning", "DEP0000");`,
  });
  const ended = run("rivulet", ["--connector", "./warns.mjs", "about"], { cwd: folder.path });
  await expect(ended).rejects.toThrow(/\[DEP0000\] DeprecationWarning: too old$/);
});
