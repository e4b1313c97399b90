import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, messageOf } from "../../core/errors.ts";
import type { Destination } from "../../core/destination.ts";
import { replaceFile } from "../../core/replace-file.ts";
import { programVersion } from "../../core/version.ts";
import { openDestination } from "../../destination/open.ts";
import { readReport, type ReportSubject } from "../../report/read-report.ts";
import { reportHtml } from "../../report/report-html.ts";
import { selectIfExists } from "../../report/query-section.ts";
import { loadSource, serviceNames } from "../../sources/registry.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";
import { locateDestination } from "../invocation/locate-destination.ts";
import { secretsOfFile } from "../invocation/secrets-of-file.ts";
import { packageFolder } from "../invocation/package-folder.ts";

/** `report`: writes what the destination holds of a source into one HTML file. */
export async function reportCommand(invocation: Invocation): Promise<number> {
  const file = await outputOf(invocation);
  const { title, report } = invocation.source;
  const {
    destination: url,
    openOptions,
    pipeline,
    streams,
  } = await configure(invocation, { isOffline: true });
  await using destination = await openDestination(url, openOptions);
  const tables = streams.map(({ name }) => name);
  const subject = { title, pipeline: pipeline.name, tables, page: report };
  return await writeReport(invocation, { file, destination, subjects: [subject] });
}

/** `rivulet report`: the same of all pipelines that have written to the destination. */
export async function programReportCommand(invocation: Invocation<undefined>): Promise<number> {
  const file = await outputOf(invocation);
  const { terminal, flags, signal } = invocation;
  const { url, openOptions } = await locateDestination(flags);
  terminal.hideSecrets(await secretsOfFile(flags.config));
  await using destination = await openDestination(url, {
    log: terminal.log,
    signal,
    ...openOptions,
  });
  const subjects = await subjectsIn(destination);
  return await writeReport(invocation, { file, destination, subjects });
}

/** The pipelines of a destination, each with the page of the source whose tables it has. */
async function subjectsIn(destination: Destination): Promise<readonly ReportSubject[]> {
  const claims = await selectIfExists(
    destination,
    `SELECT DISTINCT pipeline, stream FROM _rivulet_state WHERE stream <> '' ORDER BY 1, 2`,
  );
  const pipelines = new Map<string, string[]>();
  for (const { pipeline, stream } of claims)
    pipelines.set(String(pipeline), [...(pipelines.get(String(pipeline)) ?? []), String(stream)]);
  const sources = await Promise.all(serviceNames.map(loadSource));
  return [...pipelines].map(([pipeline, tables]) => {
    const source = sources.find(({ name }) =>
      sourceTables[name]?.every((table) => tables.includes(table)),
    );
    const title = source
      ? `${source.title}${source.name === pipeline ? "" : ` (${pipeline})`}`
      : pipeline;
    return { title, pipeline, tables, page: source?.report };
  });
}

/** Tables by which a source is recognized where no configuration names it. */
const sourceTables: Readonly<Record<string, readonly string[]>> = {
  opik: ["opik_project", "opik_dataset", "opik_dataset_item"],
  wandb: ["runs", "metrics"],
  countly: ["apps", "users"],
};

interface Writing {
  readonly file: string;
  readonly destination: Destination;
  readonly subjects: readonly ReportSubject[];
}

async function writeReport(
  { terminal, flags }: Pick<Invocation, "terminal" | "flags">,
  { file, destination, subjects }: Writing,
): Promise<number> {
  const sources = [];
  for (const subject of subjects) sources.push(await readReport(destination, subject));
  if (
    sources.every(({ blocks }) => !blocks.some(({ show }) => show === "table" || show === "syncs"))
  )
    throw new ConfigError(`${destination.label}: has nothing to report yet; sync first`);
  const [only] = sources.length === 1 ? sources : [];
  const title = only ? `${only.title}: report` : "rivulet report";
  const generatedAt = new Date().toISOString();
  const data = { title, generatedAt, version: programVersion, sources };
  // No secret of the configuration, even if it has been synced into a table.
  const safe = JSON.parse(JSON.stringify(data), (_key, value: unknown) =>
    typeof value === "string" ? terminal.redact(value) : value,
  ) as typeof data;
  const html = reportHtml(safe, await readAssets());
  await replaceFile(file, html, { mode: 0o600 }).catch((cause: unknown) => {
    throw new ConfigError(
      `-o ${file}: cannot be written (${messageOf(cause)}); name another file`,
      {
        cause,
      },
    );
  });
  if (flags.quiet !== true) terminal.print(`${file}: open it in a browser`);
  return exitStatus.completed;
}

/** Throws a ConfigError unless a file is named that does not exist yet, or may be replaced. */
async function outputOf({ flags: { output, force } }: Pick<Invocation, "flags">): Promise<string> {
  if (output === undefined) throw new ConfigError("report: name the file, as in -o report.html");
  if (force !== true && existsSync(output) && !(await isReport(output)))
    throw new ConfigError(`-o ${output}: exists; name another file, or add --force`);
  return output;
}

/** A report is made again and again: one may replace another. */
async function isReport(file: string): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.slice(0, 1000).includes('<meta name="generator" content="rivulet">');
}

async function readAssets() {
  const [script, style] = await Promise.all(
    ["report-page.js", "report-page.css"].map((name) =>
      readFile(join(packageFolder, "dist", name), "utf8"),
    ),
  );
  return { script: script ?? "", style: style ?? "" };
}
