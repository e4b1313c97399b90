import { describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src/core/source.ts";
import { Ledger } from "../../src/engine/ledger.ts";

/** Stored checkpoints by partition, as a destination keeps them: as text. */
class Stored {
  readonly #texts = new Map<string, string>();

  get partitions(): readonly string[] {
    return [...this.#texts.keys()];
  }

  load(scope = "all"): Ledger {
    const parsed = [...this.#texts].map(
      ([partition, text]) => [partition, JSON.parse(text) as Checkpoint] as const,
    );
    return new Ledger(new Map(parsed), "", scope);
  }

  /** Saves what changed, and returns the partitions that did. */
  save(ledger: Ledger): readonly string[] {
    const changed: string[] = [];
    for (const { partition = "", checkpoint } of ledger.changes()) {
      changed.push(partition);
      if (checkpoint === null) this.#texts.delete(partition);
      else this.#texts.set(partition, JSON.stringify(checkpoint));
    }
    return changed;
  }
}

function filled(stored: Stored, count: number): Ledger {
  const ledger = stored.load();
  for (let index = 0; index < count; index += 1) ledger.set(`run${index}`, `entry ${index}`);
  return ledger;
}

describe("a ledger", () => {
  test("keeps entries in blocks of 256, of which only those that changed are saved", () => {
    const stored = new Stored();
    expect(stored.save(filled(stored, 600))).toEqual(["#0", "#1", "#2"]);
    const ledger = stored.load();
    expect(ledger.get("run599")).toBe("entry 599");
    expect(stored.save(ledger)).toEqual([]);
    ledger.set("run300", "another");
    ledger.set("new", "entry");
    expect(stored.save(ledger)).toEqual(["#1", "#2"]);
    expect(stored.load().get("run300")).toBe("another");
    expect(stored.load().get("new")).toBe("entry");
  });

  test("begins a block when the last one is full, also after it was loaded", () => {
    const stored = new Stored();
    stored.save(filled(stored, 512));
    const ledger = stored.load();
    ledger.set("new", "entry");
    expect(stored.save(ledger)).toEqual(["#2"]);
  });

  test("yields blocks as they are, whatever changes later", () => {
    const ledger = filled(new Stored(), 1);
    const [saved] = [...ledger.changes()];
    ledger.set("run0", "later");
    expect(saved?.checkpoint).toEqual({ scope: "all", entries: { run0: "entry 0" } });
  });

  test("removes a block of which everything was deleted", () => {
    const stored = new Stored();
    stored.save(filled(stored, 257));
    const ledger = stored.load();
    ledger.delete("run256");
    expect(stored.save(ledger)).toEqual(["#1"]);
    expect(stored.partitions).toEqual(["#0"]);
  });

  test("knows only the ids of what was read under another scope", () => {
    const stored = new Stored();
    stored.save(filled(stored, 2));
    const ledger = stored.load("other");
    expect([...ledger.ids()]).toEqual(["run0", "run1"]);
    expect(ledger.get("run0")).toBeUndefined();
  });
});
