import { randomUUID } from "node:crypto";
import { chmod, rename, rm, writeFile } from "node:fs/promises";

/**
 * Replaces a file atomically, so that no reader sees half of it. The temporary file beside it ends
 * in `.tmp`; its name is random and it must not exist yet, because anyone who may write to the
 * folder could otherwise make us write through a link.
 *
 * With a mode, the file has exactly that, whatever the umask is.
 */
export async function replaceFile(
  file: string,
  text: string,
  { mode }: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { mode: mode ?? 0o666, flag: "wx" });
    if (mode !== undefined) await chmod(temporary, mode);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
