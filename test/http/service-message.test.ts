import { expect, test } from "vitest";
import { serviceMessage } from "../../src/http/service-message.ts";

test.each([
  ['{"code":429,"message":"Too Many Requests"}', "Too Many Requests"],
  ['{"code":500,"message":"failed","details":"out of memory"}', "failed (out of memory)"],
  [
    '{"errors":["page must be at least 1","size too large"]}',
    "page must be at least 1; size too large",
  ],
  ['{"errors":[{"message":"no such field"}]}', "no such field"],
  ['{"error":"invalid key"}', "invalid key"],
  ['{"error":{"message":"expired"}}', "expired"],
  ['{"result":"Missing parameter"}', "Missing parameter"],
  ["<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway"],
  [
    "<html><body><h1>Gone</h1>\n<script>var x</script><p>for ever</p></body></html>",
    "Gone for ever",
  ],
  ["upstream\n  timed out", "upstream timed out"],
  ["", ""],
  ["{}", "{}"],
])("%s says: %s", (body, message) => {
  expect(serviceMessage(body)).toBe(message);
});

test("a long message is cut at 300 characters", () => {
  expect(serviceMessage("x".repeat(10_000))).toBe(`${"x".repeat(299)}…`);
});
