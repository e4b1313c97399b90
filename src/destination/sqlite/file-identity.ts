import { realpathSync, rmSync, statSync } from "node:fs";
import { ConfigError, messageOf, TransientError } from "../../core/errors.ts";
import { inMemory } from "./connection.ts";
import { errorCode } from "./errors.ts";

/** Which file was opened under a path. SQLite goes on writing to it when it is removed, or another one is put in its place. */
export class FileIdentity {
  readonly #path: string;
  /** Undefined where it was gone, or could not be looked at, as soon as it was open. */
  readonly #opened: OpenedFiles | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#opened = path === inMemory ? undefined : identify(path);
  }

  /** Throws where it is not the one that stands there now: a TransientError, or a ConfigError where nobody may look. */
  verifyUnchanged(): void {
    if (this.#path === inMemory) return;
    const found = this.#find();
    if (found === undefined || found !== this.#opened?.file.id) throw this.#lost();
  }

  /**
   * Removes the log of a file that stands there no longer. SQLite leaves it to the next one, and would replay it into that. A log that came
   * with the next one stays. For before the connection is closed: until then, nothing else gets the same id.
   */
  removeOrphanedLog(): void {
    if (!this.#opened) return;
    const { file, log } = this.#opened;
    try {
      if (isUnchanged(file)) return;
      for (const part of log) if (isUnchanged(part)) rmSync(part.path);
    } catch {
      // Where nobody may look, the file may be there still, and need its log.
    }
  }

  #find(): string | undefined {
    try {
      return inodeAt(this.#path);
    } catch (cause) {
      if (!/^(?:EACCES|EPERM)$/.test(errorCode(cause) ?? "")) throw this.#lost(cause);
      throw new ConfigError(
        `sqlite:${this.#path}: permission denied; check the permissions of its directory (${messageOf(cause)})`,
        { cause },
      );
    }
  }

  #lost(cause?: unknown): TransientError {
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
  /** What SQLite has beside the file while it is open to be written to. */
  readonly log: readonly FileId[];
}

function identify(path: string): OpenedFiles | undefined {
  try {
    // SQLite follows links, and keeps the log beside the file itself.
    const real = realpathSync(path);
    return { file: fileIdAt(real), log: [fileIdAt(`${real}-wal`), fileIdAt(`${real}-shm`)] };
  } catch {
    // The check that comes before the end of each transaction says why.
    return undefined;
  }
}

function fileIdAt(path: string): FileId {
  return { path, id: inodeAt(path) };
}

function isUnchanged({ path, id }: FileId): boolean {
  return id !== undefined && inodeAt(path) === id;
}

/** What tells a file from all others; undefined where there is none. */
function inodeAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
