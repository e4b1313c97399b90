import { expect, test } from "vitest";
import { TransientError } from "../../src/core/errors.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { ResourceAttempts } from "../../src/http/attempt-limits.ts";

const slow = new TransientError("slow", { cause: new HttpError("timeout", "no response") });
const broken = new TransientError("502", {
  cause: new HttpError("status", "502", { status: 502 }),
});

/** The time limits of requests that all take too long, until there is no smaller size. */
function timeLimits(attempts: ResourceAttempts, sizes: number): (number | undefined)[] {
  return Array.from({ length: sizes }, () => {
    const { requestTimeoutMs } = attempts.limits();
    expect(attempts.recordFailure(slow)).toBe("smaller");
    return requestTimeoutMs;
  });
}

const sum = (limits: readonly (number | undefined)[]): number =>
  limits.reduce<number>((total, limit) => total + (limit ?? 0), 0);

test("a resource that failed in the last sync gets half a minute for all sizes together", () => {
  const limits = timeLimits(new ResourceAttempts({ singleAttempt: true, retryAttempts: 5 }), 6);
  expect(limits).not.toContain(undefined);
  expect(sum(limits)).toBeLessThanOrEqual(30_000);
});

test("another one gets one attempt within the client's limit, then half a minute", () => {
  const limits = timeLimits(new ResourceAttempts({ singleAttempt: false, retryAttempts: 5 }), 6);
  expect(limits[0]).toBeUndefined();
  expect(limits.slice(1)).not.toContain(undefined);
  expect(sum(limits)).toBeLessThanOrEqual(30_000);
});

test("a success restores time and retries", () => {
  const attempts = new ResourceAttempts({ singleAttempt: true, retryAttempts: 5 });
  attempts.limits();
  attempts.recordSuccess();
  expect(attempts.limits()).toMatchObject({ retryAttempts: 0, requestTimeoutMs: undefined });
  expect(attempts.recordFailure(broken)).toBe("same size");
  expect(attempts.limits()).toMatchObject({ retryAttempts: 5, isolated: true });
  expect(attempts.recordFailure(broken)).toBe("smaller");
});

test.each([
  new TransientError("down", { cause: new HttpError("deferred", "later"), isOutage: true }),
  new Error("a bug"),
])("%s is not tried again", (error) => {
  const attempts = new ResourceAttempts({ singleAttempt: false, retryAttempts: 5 });
  expect(attempts.recordFailure(error)).toBe("end");
});
