import type { RawJson } from "../raw-json.ts";
import type { Members } from "./json.ts";

/** The states that W&B gives a run. */
type RunState =
  "running" | "finished" | "failed" | "crashed" | "killed" | "pending" | "preempting" | "preempted";

/** A run's fields. Times are in UTC. */
export interface RunFields {
  readonly displayName: string | null;
  readonly state: RunState;
  readonly notes: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly group: string | null;
  readonly jobType: string | null;
  readonly sweepName: string | null;
  readonly host: string | null;
  readonly commit: string | null;
  /** A user's name. */
  readonly user: string | null;
  readonly createdAt: string;
  readonly heartbeatAt: string | null;
  readonly updatedAt: string;
  /** Sent with each value wrapped in an object, as W&B does; raw JSON is sent unchanged. */
  readonly config: Members | RawJson | null;
  readonly summary: Members | RawJson | null;
}
