import { expect, test } from "vitest";
import { splitLines } from "../../src/singer/lines.ts";

/** Yields chunks that share one buffer, as when a file is read. */
async function* chunksOf(content: Buffer, size: number): AsyncGenerator<Buffer> {
  const memory = Buffer.alloc(size);
  for (let at = 0; at < content.length; at += size) {
    const length = content.copy(memory, 0, at, at + size);
    yield await Promise.resolve(memory.subarray(0, length));
    memory.fill(0);
  }
}

const texts = ["first", "", "zwölf 漢字 💥", "x".repeat(700_000), "last"];

test.each([1, 2, 3, 7, 64, 1_000_000])(
  "lines and their numbers do not depend on the chunk size: %i bytes",
  async (size) => {
    const short = size < 64 ? texts.map((text) => text.slice(0, 50)) : texts;
    for (const end of ["", "\n"]) {
      const found: string[] = [];
      for await (const lines of splitLines(
        chunksOf(Buffer.from(short.join("\n") + end), size),
        "x",
      )) {
        expect(lines.firstNumber).toBe(found.length + 1);
        found.push(...lines.texts);
      }
      expect(found).toEqual(short);
    }
  },
);

test("marks lines that are not UTF-8", async () => {
  const content = Buffer.concat([
    Buffer.from("good\nbad \xff\n", "latin1"),
    Buffer.from("schön\n"),
  ]);
  const all = [];
  for await (const lines of splitLines(chunksOf(content, 1000), "x")) all.push(lines);
  expect(all).toEqual([
    { texts: ["good", "bad \ufffd", "schön"], firstNumber: 1, invalidUtf8: new Set([1]) },
  ]);
});

test.each([1, 1000])(
  "a byte order mark at the start is not part of the first line, in chunks of %i bytes",
  async (size) => {
    const found: string[] = [];
    for await (const { texts } of splitLines(
      chunksOf(Buffer.from("\uFEFF{}\n\uFEFF{}\n"), size),
      "x",
    ))
      found.push(...texts);
    expect(found).toEqual(["{}", "\uFEFF{}"]);
  },
);
