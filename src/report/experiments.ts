import type { Destination } from "../core/destination.ts";
import type { ExperimentSection } from "../core/report.ts";
import { flatMembers } from "../json/flat-members.ts";
import type { Cell, ExperimentsBlock } from "./blocks.ts";
import { readBestCurves } from "./best-curves.ts";
import { toCell } from "./cells.ts";
import { findDiverged } from "./diverged.ts";
import { commonNames, type Experiment } from "./experiment.ts";
import { selectIfExists } from "./query-section.ts";

/** W&B's own keys. */
const internal = /^_|(?:^|\.)_wandb(?:\.|$)/;

/** The last word of names of what nobody should share: not `max_tokens`, or a `tokenizer`. */
const secretWord =
  /(?:^|[._-])(?:secrets?|token|pass(?:wor)?d|passphrase|pwd|(?:api)?key|auth|credentials?)$|[a-z](?:Key|Token|Secret|Password)$/i;

/** Reads all experiments and the curves of the best; `undefined` if there are none. */
export async function readExperiments(
  destination: Destination,
  section: ExperimentSection,
): Promise<ExperimentsBlock | undefined> {
  const [first] = await selectIfExists(destination, `SELECT * FROM "${section.table}" LIMIT 1`);
  if (!first) return undefined;
  const keyColumns = section.key.filter((column) => column in first);
  const { name, state, created, attributes, parameters, results } = section;
  const columns = [...keyColumns, name, state, created, ...attributes, parameters, results];
  const quoted = [...new Set(columns)].map((column) => `"${column}"`).join(", ");
  const sql = `SELECT ${quoted}\nFROM "${section.table}" WHERE NOT _deleted\nORDER BY "${created}" DESC`;
  const experiments = (await destination.select(sql)).map((row) =>
    parseExperiment(row, section, keyColumns),
  );
  if (experiments.length === 0) return undefined;
  const curves = await readBestCurves(destination, experiments, { section, keyColumns });
  return {
    show: "experiments",
    title: section.title,
    ...(section.note === undefined ? {} : { note: section.note }),
    sql,
    columns: columnsOf(experiments, section),
    curves,
    diverged: findDiverged(experiments),
  };
}

function parseExperiment(
  row: Readonly<Record<string, unknown>>,
  section: ExperimentSection,
  keyColumns: readonly string[],
): Experiment {
  const key = keyColumns.map((column) => String(row[column]));
  const id = String(toCell(key.join("/")));
  const name = row[section.name];
  return {
    key,
    name: typeof name === "string" && name !== "" ? `${String(toCell(name))} (${id})` : id,
    row,
    parameters: cellsOf(row[section.parameters], (name) => !secretWord.test(name)),
    results: cellsOf(row[section.results], () => true),
  };
}

function cellsOf(json: unknown, mayBeShared: (name: string) => boolean): ReadonlyMap<string, Cell> {
  const cells = [...flatMembers(json)]
    .filter(([name]) => !internal.test(name) && mayBeShared(name))
    .map(([name, value]) => [String(toCell(name)), toCell(value)] as const);
  return new Map(cells);
}

function columnsOf(
  experiments: readonly Experiment[],
  { name, state, created, attributes }: ExperimentSection,
): ExperimentsBlock["columns"] {
  const ofRow = (column: string) => experiments.map(({ row }) => toCell(row[column]));
  const member = (kind: "parameter" | "result") => {
    const from = kind === "parameter" ? "parameters" : "results";
    return commonNames(experiments.map((each) => each[from])).map((key) => ({
      name: key,
      kind,
      values: experiments.map((each) => each[from].get(key) ?? null),
    }));
  };
  return [
    {
      name: "run",
      kind: "key" as const,
      values: experiments.map(({ key }) => toCell(key.join("/"))),
    },
    ...[name, state, created, ...attributes].map((column) => ({
      name: column,
      kind: "attribute" as const,
      values: ofRow(column),
    })),
    ...member("result"),
    ...member("parameter"),
  ].filter(({ values }) => values.some((value) => value !== null));
}
