import { describe, expect, test } from "vitest";
import { namesIn, newRedactor, newValueRedactor } from "../../src/core/redact.ts";

const secret = 'a/Secret+key"1';

describe("a secret is masked", () => {
  test.each([
    ["as it is", secret],
    ["in lower case", secret.toLowerCase()],
    ["in upper case", secret.toUpperCase()],
    ["encoded for a URL", encodeURIComponent(secret)],
    ["encoded for a URL in lower case", encodeURIComponent(secret).toLowerCase()],
    ["encoded only in part", "a/Secret%2bkey%221"],
    ["as JSON", JSON.stringify(secret).slice(1, -1)],
    ["as JSON with all escapes", Array.from(secret, jsonEscape).join("")],
    ["as HTML", "a/Secret+key&quot;1"],
    ["as HTML with numbers", "a&#x2F;Secret&#43;key&#34;1"],
  ])("%s", (_how, form) => {
    const redact = newRedactor([`Bearer ${secret}`]);
    expect(redact(`key ${form}, or Bearer ${form}`)).not.toMatch(/secret|key.?["&%\\]/i);
    expect(redact(`<${form}>`)).toBe("<***>");
  });

  test.each(["", "a", "ab", "abc", "api:"])("within base64, after %j", (before) => {
    const redact = newRedactor(["0123456789abcdef"]);
    for (const encoding of ["base64", "base64url"] as const) {
      const form = Buffer.from(`${before}0123456789abcdef and more`).toString(encoding);
      const shown = redact(form);
      expect(Buffer.from(shown, encoding).toString()).not.toMatch(/123|456|789|bcd/);
      expect(shown).toContain("***");
    }
  });

  test("with letters that take several bytes, and with half of one", () => {
    expect(newRedactor(["schlüssel"])("k=schl%c3%bcssel")).toBe("k=***");
    expect(newRedactor(["key\ud800key"])("key key\ud800key")).toBe("key ***");
  });

  test("from 4 characters on, and without the spaces around it", () => {
    expect(newRedactor(["abcd", " wxyz ", "abc"])("abcd wxyz abc")).toBe("*** *** abc");
  });
});

describe("a name that is no secret", () => {
  const redact = newRedactor(["demo", "demo-0123456789"], ["Demo-Team", "my-demo"]);

  test("is shown, even if a secret is a part of it", () => {
    expect(redact("workspace demo-team, project my-demo, key demo")).toBe(
      "workspace demo-team, project my-demo, key ***",
    );
  });

  test("shows no secret that is longer", () => {
    expect(redact("my-demo-0123456789")).toBe("my-***");
  });
});

test("names are the texts among the settings that are no secrets", () => {
  const settings = {
    workspace: "team",
    projects: ["demo", "other"],
    base_url: "https://host/?token=demo",
    api_key: "demo",
    mistaken: "the key 0123456789",
    size: 7,
  };
  expect(namesIn(settings, [" demo", "0123456789"])).toEqual(["team", "other"]);
});

test("data is masked exactly, and not where a secret may be a word", () => {
  const redact = newValueRedactor(["test", "0123456789abcdef"]);
  expect(redact("a test, 0123456789abcdef, 0123456789ABCDEF")).toBe(
    "a test, ***, 0123456789ABCDEF",
  );
});

function jsonEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

describe("a URL of a service", () => {
  const redact = newRedactor([]);

  test.each([
    ["https://host/api?token=t0p", "https://host/api?token=***"],
    [
      "GET https://host/x?page=1&api_key=t0p&size=2: 401",
      "GET https://host/x?page=1&api_key=***&size=2: 401",
    ],
    ["https://t0p@host/api", "https://***@host/api"],
    ["https://me:t0p@host/api", "https://***@host/api"],
    ["see https://host/#access_token=t0p", "see https://host/#access_token=***"],
    ["postgres://me@/db?host=/a&password=t0p", "postgres://me@/db?host=/a&password=***"],
  ])("is shown without its login: %s", (text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  test("stays as it is without one", () => {
    const text = "GET https://host/a@b?page=1&size=2, postgres://me@host/db?schema=a";
    expect(redact(text)).toBe(text);
  });
});
