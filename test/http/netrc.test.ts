import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readNetrcPassword } from "../../src/http/netrc.ts";
import { newFolder } from "../support/program.ts";

async function password(text: string, host = "api.wandb.ai"): Promise<string | undefined> {
  await using folder = await newFolder({ ".netrc": text });
  return readNetrcPassword(join(folder.path, ".netrc"), [host]);
}

describe("readNetrcPassword", () => {
  test("finds the key that `wandb login` saves", async () => {
    const text = "machine api.wandb.ai\n  login user\n  password 0123abcd\n";
    expect(await password(text)).toBe("0123abcd");
    expect(await password(text, "wandb.example.com")).toBeUndefined();
  });

  test("reads several machines on one line, quotes, and the default", async () => {
    const text =
      'machine a login user password one machine "b" password "t w\\"o" default login x password three';
    expect(await password(text, "a")).toBe("one");
    expect(await password(text, "b")).toBe('t w"o');
    expect(await password(text, "c")).toBe("three");
  });

  test("ignores comments and macros, and logins that are called password", async () => {
    const text =
      "# machine a password no\nmacdef init\nmachine a password no\n\nmachine a login password password yes # machine a\n";
    expect(await password(text, "a")).toBe("yes");
  });

  test("reads a machine as the SDK quotes it, in any case", async () => {
    const text =
      "machine '[::1]:8080'\n  login user\n  password 'k$y'\nmachine W.Example\n  password w\n";
    expect(await password(text, "[::1]:8080")).toBe("k$y");
    expect(await password(text, "w.example")).toBe("w");
  });

  test.each([
    "machine",
    "machine a password",
    'machine a password "',
    "password k",
    "default",
    "\u0000",
  ])("finds nothing in %j", async (text) => {
    expect(await password(text, "b")).toBeUndefined();
  });

  test("finds nothing without a file", () => {
    expect(readNetrcPassword("/nowhere/.netrc", ["a"])).toBeUndefined();
  });
});
