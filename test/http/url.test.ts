import { expect, test } from "vitest";
import { ConfigError, SourceError } from "../../src/core/errors.ts";
import { resolveSameOrigin, redactedUrl, urlOf } from "../../src/http/url.ts";

test.each([
  ["https://host/api", "v1/x"],
  ["https://host/api/", "/v1/x"],
  ["https://host/api//", "v1/x"],
])("joins %s and %s with one slash", (base, path) => {
  expect(urlOf(base, path).href).toBe("https://host/api/v1/x");
});

test("repeats a parameter for each element, omits undefined ones, and encodes", () => {
  const query = { id: ["a", "b"], none: undefined, filters: '[{"a":"&"}]', page: 1, all: false };
  expect(urlOf("https://host", "x", query).search).toBe(
    "?id=a&id=b&filters=%5B%7B%22a%22%3A%22%26%22%7D%5D&page=1&all=false",
  );
});

test("keeps the parameters of a link when adding to them", () => {
  expect(urlOf("https://host", "https://host/x?a=1", { b: 2 }).href).toBe("https://host/x?a=1&b=2");
});

test.each([
  ["https://evil.example/x", "evil.example"],
  ["//evil.example/x", "evil.example"],
  ["http://host/x", "host"],
  ["https://host:444/x", "host:444"],
  ["https://host@evil.example/x", "evil.example"],
  ["javascript:alert(1)", "javascript:"],
])("refuses the link %s, which leads to another host", (link, host) => {
  const follow = (): URL => resolveSameOrigin("https://host/api/list?page=1", link);
  expect(follow).toThrow(SourceError);
  expect(follow).toThrow(
    `https://host/api/list: the next link leads to another host (${host}); the key is not sent there`,
  );
});

test("follows links that are relative to their page, and keeps the login of the base URL", () => {
  expect(resolveSameOrigin("https://me:pw@host/api/list?page=1", "?page=2").href).toBe(
    "https://me:pw@host/api/list?page=2",
  );
  expect(resolveSameOrigin("https://me:pw@host/api/list", "https://host/other").href).toBe(
    "https://me:pw@host/other",
  );
  expect(resolveSameOrigin("https://host/api/list", "/other").href).toBe("https://host/other");
});

test("redacts login, parameters and fragment of a URL", () => {
  expect(redactedUrl(new URL("https://me:secret@host:8443/x?key=secret#secret"))).toBe(
    "https://host:8443/x",
  );
});

test.each(["localhost", "me:secret@host", "ftp://host", ""])(
  "refuses the base URL %j without quoting it",
  (base) => {
    expect(() => urlOf(base, "x")).toThrow(ConfigError);
    expect(() => urlOf(base, "x")).toThrow(/^base_url: expected a URL such as https:\/\/host$/);
  },
);
