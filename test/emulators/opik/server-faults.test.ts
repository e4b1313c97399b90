import { describe, expect, test } from "vitest";
import { RateWindow } from "../../../src/emulators/opik/rate-window.ts";
import type { Opik } from "../../support/opik.ts";
import { useEmulator, type EmulatorClient } from "./client.ts";

let opik: Opik;
let client: EmulatorClient;

useEmulator((started) => {
  ({ opik, client } = started);
});

describe("rateWindow", () => {
  const fault = { bucket: "Workspace", limit: 2, windowMs: 1900 };

  test("counts down, then refuses with a reset that is up to a second too short", () => {
    let nowMs = 0;
    const counted = new RateWindow(
      () => fault,
      () => nowMs,
    );
    const next = (afterMs: number) => {
      nowMs += afterMs;
      return counted.countRequest();
    };

    expect(next(0)).toEqual({
      isRefused: false,
      headers: {
        "Opik-Workspace-Limit": "workspace",
        "Opik-Workspace-Remaining-Limit": "1",
        "Opik-Workspace-Remaining-Limit-TTL-Millis": "1900",
      },
    });
    expect(next(100)).toMatchObject({
      headers: { "Opik-Workspace-Remaining-Limit-TTL-Millis": "1800" },
    });
    expect(next(0)).toMatchObject({ isRefused: true, headers: { "RateLimit-Reset": "1" } });
    expect(next(1000)).toMatchObject({ isRefused: true });
    expect(next(800)).toMatchObject({ isRefused: false });
  });

  test("is in the headers of successes and of 429", async () => {
    opik.faults.rateWindow = { bucket: "Get-Traces", limit: 1, windowMs: 60_000 };
    const [success, refusal] = [await client.send("/projects"), await client.send("/projects")];

    expect([success.status, refusal.status]).toEqual([200, 429]);
    expect(success.headers.get("opik-get-traces-remaining-limit")).toBe("0");
    expect(success.headers.get("ratelimit-reset")).toBeNull();
    expect(refusal.headers.get("ratelimit-reset")).toBe("59");
    expect(refusal.headers.get("retry-after")).toBeNull();
    expect(await client.status("/projects")).toBe(429);
  });
});

test("html answers everything with a page of a web application", async () => {
  opik.faults.html = true;
  const response = await client.send("/projects");

  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html"]);
  expect(await response.text()).toMatch(/^<!doctype html>/);
});

test("nextResponses are sent first", async () => {
  opik.faults.nextResponses = [{ status: 418, text: "{}" }];

  expect([await client.status("/projects"), await client.status("/projects")]).toEqual([418, 200]);
});

test("onRequest changes the answer, onAnswer the next one", async () => {
  const seen: string[] = [];
  opik.faults.onRequest = ({ method, path, query }) => {
    seen.push(`${method} ${path} ${query["size"] ?? ""}`);
    opik.workspace.addProject({ name: "before" });
  };
  opik.faults.onAnswer = () => void opik.workspace.addProject({ name: "after" });

  expect(await client.names("/projects?size=9")).toEqual(["before"]);
  expect(await client.names("/projects")).toEqual(["before", "after", "before"]);
  expect(seen).toEqual(["GET /v1/private/projects 9", "GET /v1/private/projects "]);
});
