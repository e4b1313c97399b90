import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { openDestination } from "../../src/destination/open.ts";
import { silent } from "./fixture.ts";

const open = (url: string) => openDestination(url, { log: silent });

describe("opening a destination", () => {
  test.each(["mysql://host/db", "./file.db", "", "sqlite:", "postgres://host/db?schema="])(
    "refuses %j and says what is expected",
    async (url) => {
      await expect(open(url)).rejects.toBeInstanceOf(ConfigError);
      await expect(open(url)).rejects.toThrow(/destination: .*(sqlite:|postgres:|schema)/);
    },
  );

  test("never shows a password, not even of an invalid URL", async () => {
    const destination = await open(
      "postgres://user:s3cret@host:5433/db?schema=s&sslpassword=s3cret",
    );
    expect(destination.label).toBe("postgres://user@host:5433/db?schema=s");
    const refusal = await open("postgres://user:s3cret@ho st:x/db").catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(JSON.stringify(refusal, ["message", "stack", "cause", "input"])).not.toContain("s3cret");
  });

  test.each([
    ["sqlite:./a b.db", "sqlite:./a b.db"],
    ["sqlite:///tmp/x.db", "sqlite:/tmp/x.db"],
    ["SQLITE:x.db", "sqlite:x.db"],
  ])("names %s as %s", async (url, label) => {
    expect((await open(url)).label).toBe(label);
  });

  test("works in memory", async () => {
    await using destination = await open("sqlite::memory:");
    await destination.check();
    await using session = await destination.lock({ name: "test" });
    await session.prepare([{ name: "t", columns: { id: "string" }, primaryKey: ["id"] }]);
    await session.write([{ stream: "t", rows: [{ id: "a" }] }]);
    expect(await destination.select("select id from t")).toEqual([{ id: "a" }]);
  });
});
