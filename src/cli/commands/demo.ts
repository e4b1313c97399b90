import { rm } from "node:fs/promises";
import { writeSettings } from "../../configuration/configuration-file.ts";
import type { SourceContext } from "../../core/source.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import { countlyDemo } from "../../emulators/countly/demo-service.ts";
import type { DemoService } from "../../emulators/demo-service.ts";
import { listen } from "../../emulators/http-server.ts";
import { opikDemo } from "../../emulators/opik/demo-service.ts";
import { wandbDemo } from "../../emulators/wandb/demo-service.ts";
import { openDestination } from "../../destination/open.ts";
import { exitStatusOfSync } from "../invocation/exit-status.ts";
import type { CommandContext, ConfiguredSource } from "../invocation/invocation.ts";
import { loadSource } from "../../sources/registry.ts";
import { runSync } from "./run-sync.ts";
import { showDemoResults } from "./demo-results.ts";

const file = "demo.db";
const settingsFile = "demo.json";

/** The main job, for real: stand-in services on loopback, each copied over HTTP into a database, changed, and copied again. */
export async function demoCommand(shell: CommandContext): Promise<number> {
  const { terminal } = shell;
  const { color } = terminal;
  for (const suffix of ["", "-wal", "-shm"]) await rm(file + suffix, { force: true });
  const services = [opikDemo(), wandbDemo(), countlyDemo()];
  const settings: Record<string, unknown> = { destination: `sqlite:./${file}` };
  const statuses: number[] = [];
  for (const service of services) {
    await using listening = await listen(service.listener);
    const own = { base_url: listening.url, ...service.settings };
    settings[service.source] = own;
    statuses.push(await syncTwice(service, { settings: own, url: listening.url, shell }));
  }
  await writeSettings(settingsFile, settings);
  await using destination = await openDestination(`sqlite:./${file}`, { log: terminal.log });
  await showDemoResults(destination, terminal);
  const plot = `npx wandb-sync plot 8d0qwe12 acc,val.loss --config ${settingsFile}`;
  terminal.print(`\nDraw others: ${color.bold(plot)}`);
  const inits = services.map(({ source }) => color.bold(`npx ${source}-sync init`));
  terminal.print(`Your own: ${inits.join(", ")}`);
  return Math.max(...statuses);
}

interface DemoRun {
  readonly settings: Readonly<Record<string, string>>;
  readonly url: string;
  readonly shell: CommandContext;
}

async function syncTwice(service: DemoService, { settings, url, shell }: DemoRun): Promise<number> {
  const { terminal, signal } = shell;
  const { color } = terminal;
  const source = await loadSource(service.source);
  const options = { terminal, signal, fullRefresh: false, quiet: false };
  const configured = (): ConfiguredSource => {
    const config = source.config.parse(settings);
    const context: SourceContext = { log: terminal.log, transfer: newRequestStats(), signal };
    const streams = source.streams(config, context);
    const pipeline = { name: source.name, identity: source.identity(config) };
    return { config, context, streams, pipeline, destination: `sqlite:./${file}` };
  };
  terminal.print(`${color.bold.underline(source.title)} (a stand-in at ${url})`);
  terminal.print(`${color.bold("First sync:")} everything`);
  const first = await runSync(configured(), options);
  const changed = service.change();
  terminal.print(`\n${color.bold("Second sync:")} ${changed}`);
  const second = await runSync(configured(), options);
  terminal.print("");
  return Math.max(exitStatusOfSync(first.status), exitStatusOfSync(second.status));
}
