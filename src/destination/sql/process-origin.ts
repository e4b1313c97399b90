import { readFileSync, readlinkSync } from "node:fs";

/**
 * What a process id belongs to. Without it, ids cannot be compared: two containers with one host
 * name both have a process 1, and ids are used again.
 */
export interface ProcessOrigin {
  /** The boot of the kernel. */
  readonly boot: string;
  readonly pidNamespace: string;
  /** When the process started, in clock ticks since the boot. */
  readonly started: string;
}

/** The origin of this process; undefined where the system does not tell. Linux does. */
export function currentOrigin(): ProcessOrigin | undefined {
  try {
    // A container may see the /proc of its host, where other processes have these ids.
    if (readlinkSync("/proc/self") !== String(process.pid)) return undefined;
    const started = startOf("self");
    if (started === undefined) return undefined;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { boot, pidNamespace: readlinkSync("/proc/self/ns/pid"), started };
  } catch {
    return undefined;
  }
}

/**
 * Which process had this id: this one, one that has certainly ended, or one about which nothing is
 * known from here.
 */
export function identifyProcess(
  pid: number,
  origin: ProcessOrigin | undefined,
): "this" | "ended" | "unknown" {
  const own = currentOrigin();
  if (!own || origin?.boot !== own.boot || origin.pidNamespace !== own.pidNamespace)
    return "unknown";
  if (!exists(pid)) return "ended";
  const started = startOf(pid);
  // Unreadable if it is another user's, and processes are hidden from us.
  if (started === undefined) return "unknown";
  if (started !== origin.started) return "ended";
  return pid === process.pid ? "this" : "unknown";
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * The 22nd field; undefined if it cannot be read. The second is the name of the program, which may
 * hold anything, in parentheses.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
function startOf(pid: number | "self"): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
