import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openTerminal } from "../../../src/cli/terminal/terminal.ts";

const secret = "Key+0123456789";
let written: { stdout: string; stderr: string };

beforeEach(() => {
  written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(["pretty", "json"] as const)("a %s log line has no secret in any form", (format) => {
  const terminal = openTerminal({ format, level: "debug" });
  terminal.hideSecrets([secret], ["team-key"]);
  const forms = [secret, secret.toUpperCase(), "key%2b0123456789", btoa(secret)];
  terminal.log.warning(`no access to team-key with ${forms.join(" ")}`, { at: forms.join() });
  expect(written.stderr).toContain("no access to team-key with *** *** *** ***");
  expect(written.stderr).not.toMatch(/0123456789/);
});

test("a mask does not break the JSON of a log line", () => {
  const terminal = openTerminal({ format: "json", level: "debug" });
  terminal.hideSecrets(['level":"', "warning"]);
  terminal.log.warning("a warning");
  expect(JSON.parse(written.stderr)).toMatchObject({ level: "warning", message: "a ***" });
});
