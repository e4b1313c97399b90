import { realpathSync, rmSync, statSync } from "node:fs";
import { ConfigError, messageOf, TransientError } from "../../core/errors.ts";
import { inMemory } from "./connection.ts";
import { errorCode } from "./errors.ts";

/**
 * Which file was opened at a path. SQLite keeps writing to it after the file was removed or
 * replaced, without an error.
 */
export class FileIdentity {
  readonly #path: string;
  /** Undefined if the file disappeared, or became inaccessible, right after it was opened. */
  readonly #opened: OpenedFiles | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#opened = path === inMemory ? undefined : identify(path);
  }

  /**
   * Throws a TransientError if the path holds another file now, or a ConfigError if permissions do
   * not allow to check that.
   */
  verifyUnchanged(): void {
    if (this.#path === inMemory) return;
    const current = this.#currentId();
    if (current === undefined || current !== this.#opened?.file.id) throw this.#replacedError();
  }

  /**
   * Removes the log of a file that was removed or replaced. SQLite would replay it into the new
   * file. The new file's own log stays. Call it before the connection is closed: until then, no
   * other file gets the same inode.
   */
  removeOrphanedLog(): void {
    if (!this.#opened) return;
    const { file, log } = this.#opened;
    try {
      if (isUnchanged(file)) return;
      for (const logFile of log) if (isUnchanged(logFile)) rmSync(logFile.path);
    } catch {
      // Without permission to check, the file may still exist and need its log.
    }
  }

  #currentId(): string | undefined {
    try {
      return inodeAt(this.#path);
    } catch (cause) {
      if (!/^(?:EACCES|EPERM)$/.test(errorCode(cause) ?? "")) throw this.#replacedError(cause);
      throw new ConfigError(
        `sqlite:${this.#path}: permission denied; check the permissions of its directory (${messageOf(cause)})`,
        { cause },
      );
    }
  }

  #replacedError(cause?: unknown): TransientError {
    return new TransientError(
      `sqlite:${this.#path}: the file was removed or replaced while it was in use; run the command again`,
      { cause },
    );
  }
}

interface FileId {
  readonly path: string;
  readonly id: string | undefined;
}

interface OpenedFiles {
  readonly file: FileId;
  /** The write-ahead log and its index (`-wal`, `-shm`). */
  readonly log: readonly FileId[];
}

function identify(path: string): OpenedFiles | undefined {
  try {
    // SQLite follows symbolic links and keeps the log beside the target.
    const real = realpathSync(path);
    return { file: fileIdAt(real), log: [fileIdAt(`${real}-wal`), fileIdAt(`${real}-shm`)] };
  } catch {
    // `verifyUnchanged` reports the reason.
    return undefined;
  }
}

function fileIdAt(path: string): FileId {
  return { path, id: inodeAt(path) };
}

function isUnchanged({ path, id }: FileId): boolean {
  return id !== undefined && inodeAt(path) === id;
}

/** Device and inode of a file; undefined if there is none. */
function inodeAt(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
