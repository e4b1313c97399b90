import { rm } from "node:fs/promises";
import { writeSettings } from "../../configuration/configuration-file.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import type { SourceContext } from "../../core/source.ts";
import { openDestination } from "../../destination/open.ts";
import { countlyDemo } from "../../emulators/countly/demo-service.ts";
import type { DemoService } from "../../emulators/demo-service.ts";
import { listen } from "../../emulators/http-server.ts";
import { opikDemo } from "../../emulators/opik/demo-service.ts";
import { wandbDemo } from "../../emulators/wandb/demo-service.ts";
import { loadSource } from "../../sources/registry.ts";
import { exitStatusOfSync } from "../invocation/exit-status.ts";
import type { CommandContext, ConfiguredSource, Invocation } from "../invocation/invocation.ts";
import { checkDemoFiles, demoDatabase, demoDestination, demoSettings } from "./demo-files.ts";
import { showDemoResults } from "./demo-results.ts";
import { runSync } from "./run-sync.ts";

/**
 * `demo`: starts an emulator of each service, syncs it over HTTP into a new database, changes it,
 * and syncs again.
 */
export async function demoCommand(
  commandContext: CommandContext & Pick<Invocation, "program">,
): Promise<number> {
  const { terminal, program } = commandContext;
  const { color } = terminal;
  const services = [opikDemo(), wandbDemo(), countlyDemo()];
  await checkDemoFiles(services, terminal.log);
  for (const suffix of ["", "-wal", "-shm"]) await rm(demoDatabase + suffix, { force: true });
  const fileSettings: Record<string, unknown> = { destination: demoDestination };
  const statuses: number[] = [];
  for (const service of services) {
    await using server = await listen(service.listener);
    const settings = { base_url: server.url, ...service.settings };
    fileSettings[service.source] = settings;
    // Before the sync: with the settings, the next demo knows even an interrupted one's database.
    await writeSettings(demoSettings, fileSettings);
    statuses.push(await syncTwice(service, { settings, url: server.url, commandContext }));
  }
  await using destination = await openDestination(demoDestination, { log: terminal.log });
  await showDemoResults(destination, terminal);
  const plot = `${program} wandb plot 8d0qwe12 acc,val.loss --config ${demoSettings}`;
  terminal.printStyled(`\nPlot more: ${color.bold(plot)}`);
  const inits = services.map(({ source }) => color.bold(`${program} ${source} init`));
  terminal.printStyled(`Your own data: ${inits.join(", ")}`);
  return Math.max(...statuses);
}

interface DemoRun {
  readonly settings: Readonly<Record<string, string>>;
  readonly url: string;
  readonly commandContext: CommandContext;
}

async function syncTwice(
  service: DemoService,
  { settings, url, commandContext }: DemoRun,
): Promise<number> {
  const { terminal, signal } = commandContext;
  const { color } = terminal;
  const source = await loadSource(service.source);
  const options = { terminal, signal, fullRefresh: false, quiet: false };
  // A new one for each sync, as each counts its own requests.
  const configured = (): ConfiguredSource => {
    const config = source.config.parse(settings);
    const context: SourceContext = { log: terminal.log, transfer: newRequestStats(), signal };
    const streams = source.streams(config, context);
    const pipeline = { name: source.name, identity: source.identity(config) };
    const where = { destination: demoDestination, openOptions: context };
    return { config, context, streams, pipeline, ...where };
  };
  terminal.printStyled(`${color.bold.underline(source.title)} (emulator at ${url})`);
  terminal.printStyled(`${color.bold("First sync:")} everything`);
  const first = await runSync(configured(), options);
  const changes = service.change();
  terminal.printStyled(`\n${color.bold("Second sync:")} ${changes}`);
  const second = await runSync(configured(), options);
  terminal.print("");
  return Math.max(exitStatusOfSync(first), exitStatusOfSync(second));
}
