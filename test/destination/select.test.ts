import { expect, test } from "vitest";
import { MissingTableError } from "../../src/core/destination.ts";
import { openDestination } from "../../src/destination/open.ts";
import { destinations } from "../support/databases.ts";
import { silent } from "./fixture.ts";

test.each(destinations)(
  "select reports a missing table in the same way, on %s",
  async (_name, newDatabase) => {
    const database = await newDatabase();
    try {
      await using destination = await openDestination(database.url, {
        log: silent,
        thread: database.thread ?? false,
      });
      await expect(destination.select("select id from runs")).rejects.toBeInstanceOf(
        MissingTableError,
      );
      await using session = await destination.lock({ name: "test" });
      await session.prepare([{ name: "runs", columns: { id: "string" }, primaryKey: ["id"] }]);
      await expect(destination.select("select id from metrics")).rejects.toBeInstanceOf(
        MissingTableError,
      );
      const wrongColumn = destination.select("select nothing from runs");
      await expect(wrongColumn).rejects.toThrow(/nothing/);
      await expect(wrongColumn).rejects.not.toBeInstanceOf(MissingTableError);
    } finally {
      await database.drop();
    }
  },
);
