import { expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { newFolder, run } from "../../support/program.ts";
import { startWandb } from "../../support/wandb.ts";
import { newContent } from "./content.ts";
import { loginWithSdk, requirePython } from "./wandb-sdk.ts";

test("who has logged in with the official SDK configures only entity and project", async (context) => {
  const python = requirePython(context);
  await using wandb = await startWandb({ workspace: newContent() });
  await using folder = await newFolder();
  const database = await newSqlite();
  await loginWithSdk(python, { ...wandb, home: folder.path });

  const env = {
    HOME: folder.path,
    RIVULET_DESTINATION: database.url,
    WANDB_ENTITY: "acme",
    WANDB_PROJECT: "speech & text",
  };
  expect(await run("wandb-sync", [], { cwd: folder.path, env })).toMatchObject({ status: 0 });

  expect(await database.query("SELECT run_id FROM runs")).toHaveLength(
    wandb.workspace.project("speech & text")!.runs.length,
  );
  await database.drop();
});
