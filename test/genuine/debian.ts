import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLine, runFile } from "./python.ts";

/**
 * Unpacks packages of Debian into a temporary folder, without installing them. Where they cannot be
 * had, says so and returns undefined.
 */
export async function unpackDebianPackages(
  ...packages: readonly string[]
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-debian-"));
  // Programs may run as another user.
  await chmod(folder, 0o755);
  const options = { cwd: folder, timeout: 60_000 };
  try {
    await runFile("apt-get", ["download", ...packages], options);
    await runFile("sh", ["-c", 'for file in *.deb; do dpkg-deb -x "$file" .; done'], options);
    return folder;
  } catch (error) {
    process.stderr.write(`without ${packages.join(", ")}: ${lastLine(error)}\n`);
    return undefined;
  }
}
