import { lstat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { readSettings } from "../../configuration/configuration-file.ts";
import type { Settings } from "../../configuration/parse-settings.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { openDestination } from "../../destination/open.ts";
import type { DemoService } from "../../emulators/demo-service.ts";
import { loadSource } from "../../sources/registry.ts";

/** The database that the demo writes. */
export const demoDatabase = "demo.db";

/** The configuration that the demo writes. */
export const demoSettings = "demo.json";

/** URL of the demo's database. */
export const demoDestination = `sqlite:./${demoDatabase}`;

/**
 * Throws a ConfigError unless the files that the demo is about to replace are missing, or known to
 * be of an earlier demo: the settings name emulators, and the database holds nothing but what these
 * settings lead to.
 */
export async function checkDemoFiles(services: readonly DemoService[], log: Log): Promise<void> {
  const settings = await ownSettings(services);
  if (!(await exists(demoDatabase))) return;
  const identities = await identitiesOf(services, settings);
  if (!(await isFile(demoDatabase)) || !(await holdsOnly(identities, log)))
    throw foreign(demoDatabase);
}

function foreign(file: string): ConfigError {
  return new ConfigError(
    `${file}: not known to be of an earlier demo, so it is not replaced; move it away, or run the demo in another folder`,
  );
}

/** The settings of an earlier demo; empty if there are none. */
async function ownSettings(services: readonly DemoService[]): Promise<Settings> {
  if (!(await exists(demoSettings))) return {};
  const settings = (await isFile(demoSettings)) ? await tryReadSettings() : undefined;
  const { destination, ...sections } = settings ?? {};
  const isOwn = Object.entries(sections).every(([name, section]) =>
    services.some((service) => service.source === name && isSectionOf(service, section)),
  );
  if (!settings || destination !== demoDestination || !isOwn) throw foreign(demoSettings);
  return sections;
}

async function tryReadSettings(): Promise<Settings | undefined> {
  try {
    return await readSettings(demoSettings);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function isSectionOf(service: DemoService, section: unknown): boolean {
  const { base_url: url, ...rest } = (section ?? {}) as Settings;
  return (
    /^http:\/\/127\.0\.0\.1:\d+$/.test(String(url)) && isDeepStrictEqual(rest, service.settings)
  );
}

/** The identities of the demo's pipelines. The emulators' ports make them unlike any others. */
async function identitiesOf(
  services: readonly DemoService[],
  settings: Settings,
): Promise<ReadonlySet<unknown>> {
  const configured = services.filter(({ source }) => source in settings);
  const identities = configured.map(async ({ source: name }) => {
    const source = await loadSource(name);
    return source.identity(source.config.parse(settings[name]));
  });
  return new Set(await Promise.all(identities));
}

/** Whether the database is one of rivulet's, and has pipelines of these identities only. */
async function holdsOnly(identities: ReadonlySet<unknown>, log: Log): Promise<boolean> {
  try {
    await using destination = await openDestination(demoDestination, { log });
    const bound = await destination.select(
      `SELECT json_extract(checkpoint, '$.identity') AS identity FROM _rivulet_state
       WHERE stream = '' AND "partition" = ''`,
    );
    return bound.every(({ identity }) => identity === null || identities.has(identity));
  } catch (error) {
    // Anything from "no such table" to "not a database".
    if (error instanceof Error) return false;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => undefined)) !== undefined;
}

/** Not a link, through which another file would be replaced. */
async function isFile(file: string): Promise<boolean> {
  return (await lstat(file)).isFile();
}
