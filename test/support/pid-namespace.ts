import { spawnSync } from "node:child_process";

/** Runs a command as process 1 of a PID namespace of its own, as in a container. */
export const pidNamespace = [
  "unshare",
  // Who is not root needs a user namespace to be allowed to.
  ...(process.geteuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  ...["--pid", "--fork", "--kill-child", "--mount-proc"],
] as const;

/** Why no PID namespace can be made here; undefined if one can. */
export function pidNamespaceObstacle(): string | undefined {
  const [file, ...options] = pidNamespace;
  const { status, error, stderr } = spawnSync(file, [...options, "true"], { encoding: "utf8" });
  return status === 0 ? undefined : `no PID namespace can be made: ${error?.message ?? stderr}`;
}
