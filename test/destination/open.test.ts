import { homedir } from "node:os";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { openDestination } from "../../src/destination/open.ts";
import { silent } from "./fixture.ts";

const open = (url: string) => openDestination(url, { log: silent });

describe("opening a destination", () => {
  test.each(["mysql://host/db", "", "sqlite:", "postgres://host/db?schema="])(
    "refuses %j and says what is expected",
    async (url) => {
      await expect(open(url)).rejects.toBeInstanceOf(ConfigError);
      await expect(open(url)).rejects.toThrow(/destination: .*(file.db|postgres:|schema)/);
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
    ["x.db", "sqlite:x.db"],
    ["./x", "sqlite:./x"],
    ["/tmp/x.db", "sqlite:/tmp/x.db"],
    ["~/x.db", `sqlite:${homedir()}/x.db`],
  ])("names %s as %s", async (url, label) => {
    expect((await open(url)).label).toBe(label);
  });

  test("refuses a database in memory, which would keep nothing", async () => {
    await expect(open("sqlite::memory:")).rejects.toThrow(
      "destination: nothing would be kept in memory; name a file: ./file.db",
    );
  });

  test("says how to write the name of a file", async () => {
    await expect(open("runs")).rejects.toThrow(/did you mean ".\/runs.db"\?/);
    await expect(open("C:\\runs.db")).rejects.toThrow(/got "c:"/);
  });
});
