import { statSync } from "node:fs";
import { TransientError } from "../../core/errors.ts";
import { inMemory } from "./connection.ts";

/** Which file was opened under a path. SQLite goes on writing to it when it is removed, or another one is put in its place. */
export class OpenedFile {
  readonly #path: string;
  readonly #opened: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#opened = fileAt(path);
  }

  /** Throws a TransientError where it is not the one that stands there now. */
  check(): void {
    if (this.#path === inMemory || fileAt(this.#path) === this.#opened) return;
    throw new TransientError(
      `sqlite:${this.#path}: the file was removed or replaced while it was written to; run the sync again`,
    );
  }
}

/** What tells a file from all others; undefined where there is none. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
