import { describe, expect, test } from "vitest";
import { isOperational } from "../../src/core/errors.ts";
import { isMassDeletion, MassDeletionError } from "../../src/engine/mass-deletion.ts";

describe("a mass deletion", () => {
  test.each([
    // None of 5 or more.
    [5, 0, true],
    [4, 0, false],
    [1, 0, false],
    [0, 0, false],
    [1000, 0, true],
    // Less than half, and at least 20 fewer.
    [39, 19, true],
    [40, 20, false],
    [40, 19, true],
    [38, 18, true],
    [37, 18, false],
    [25, 5, true],
    [24, 5, false],
    [20, 1, false],
    [21, 1, true],
    [1000, 499, true],
    [1000, 500, false],
    // As many or more, and a first listing.
    [1000, 1000, false],
    [5, 1000, false],
    [0, 1000, false],
  ])("of %i believed, %i shown: %s", (believed, shown, expected) => {
    expect(isMassDeletion({ believed, shown })).toBe(expected);
  });

  test("is an operational error that says what was listed, and what to do", () => {
    const error = new MassDeletionError({
      where: "acme/digits",
      noun: "runs",
      believed: 240,
      shown: 3,
    });
    expect(isOperational(error)).toBe(true);
    expect(error.message).toBe(
      "acme/digits: lists 3 runs, 240 the last time; nothing was marked as deleted; if the others are gone for good, sync once with --allow-mass-deletion or allow_mass_deletion: true",
    );
  });
});
