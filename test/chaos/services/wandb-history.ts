import { seededRandom } from "../../../src/emulators/random.ts";
import type { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { syntheticHistory } from "../../../src/emulators/wandb/synthetic-history.ts";
import type { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";
import type { Random } from "../../support/random.ts";

/** The tag of the runs that are copied, if a filter selects them. */
export const keptTag = "kept";

/** A listing that shows none of five runs is not believed, which no test here is about. */
const minRuns = 3;

const values = [0.1, -0, 1e300, NaN, Infinity, "text\t\\N", "", null, true, { a: { b: 1 } }];

/**
 * Changes to a project as its users make them. Not among them is what nothing shows until the run
 * ends: replaced rows, and rows at earlier steps, of a run that is running.
 */
export class WandbHistory {
  readonly #project: WandbProject;
  readonly #elsewhere: WandbProject;
  readonly #clock: WandbClock;
  /** Runs that were deleted and can be brought back. */
  #deleted: string[] = [];
  #runCount = 0;

  constructor(workspace: WandbWorkspace) {
    this.#project = workspace.addProject({ name: "vision" });
    this.#elsewhere = workspace.addProject({ name: "elsewhere" });
    this.#clock = workspace.clock;
  }

  get project(): WandbProject {
    return this.#project;
  }

  get runs(): readonly WandbRun[] {
    return this.#project.sortedRuns({ by: "createdAt", descending: false });
  }

  begin(random: Random): void {
    for (let count = random.between(4, 15); count > 0; count -= 1) this.#addRun(random);
  }

  /** Nothing that has left the project comes back from now on. */
  forgetRemoved(): void {
    this.#deleted = [];
    for (const { name } of this.#elsewhere.runs) this.#elsewhere.deleteRun(name);
  }

  change(random: Random): void {
    if (random.oneIn(4)) this.#clock.advance(random.between(1, 40) * 60_000);
    const changes = [
      ...[this.#addRun, this.#upload, this.#log, this.#log, this.#end, this.#edit, this.#tag],
      ...[this.#rewind, this.#rewindAndGoOn, this.#rewrite],
      ...[this.#delete, this.#undelete, this.#moveOut, this.#moveIn],
    ];
    random.pick(changes).call(this, random);
  }

  #addRun(random: Random): void {
    this.#runCount += 1;
    const steps = random.pick([0, 1, 5, 40, 120]);
    const history = syntheticHistory({ run: this.#runCount, steps, metrics: random.between(1, 6) });
    const run = this.#project.addRun({
      config: { n: this.#runCount },
      tags: random.oneIn(3) ? [] : [keptTag],
      ...(steps > 0 ? { history } : {}),
    });
    if (random.oneIn(2)) this.#logTo(run, random);
  }

  /** A run that was logged offline, with the dates of then. */
  #upload(random: Random): void {
    const rows = Array.from({ length: random.between(0, 30) }, () => metricsOf(random));
    const createdAt = `2025-12-${random.between(10, 28)}T00:00:00Z`;
    this.#project.uploadRun({ createdAt, rows, tags: [keptTag] });
  }

  #log(random: Random): void {
    const run = this.#anyRun(random);
    if (run.fields.state !== "running") run.resume();
    this.#logTo(run, random);
  }

  #logTo(run: WandbRun, random: Random): void {
    for (let rows = random.between(1, 30); rows > 0; rows -= 1) run.log(metricsOf(random));
  }

  #end(random: Random): void {
    const run = this.#anyRun(random);
    if (random.oneIn(4)) run.crash();
    else run.finish(random.pick(["finished", "failed", "killed"]));
  }

  #edit(random: Random): void {
    const number = random.between(1, 99);
    const change = random.pick([
      { displayName: `name ${number}` },
      { notes: `notes ${number}` },
      { group: `group ${number}` },
      { config: { n: number } },
      { summary: { best: number } },
    ]);
    this.#anyRun(random).edit(change);
  }

  /** Lets a run begin or cease to match the filter. */
  #tag(random: Random): void {
    const run = this.#anyRun(random);
    if (!run.fields.tags.includes(keptTag)) run.tag(keptTag);
    else if (this.#mayRemove(run)) run.untag(keptTag);
  }

  #rewind(random: Random): void {
    const run = this.#anyRun(random);
    run.rewind(random.between(0, Number(run.history.lastStep ?? 0)));
    this.#logTo(run, random);
  }

  /** Rewinds, and logs as many lines again. */
  #rewindAndGoOn(random: Random): void {
    const run = this.#anyRun(random);
    const { lineCount } = run.history;
    if (lineCount < 2) return;
    run.rewind(random.between(0, lineCount - 2));
    while (run.history.lineCount < lineCount) run.log(metricsOf(random));
  }

  /** Replaces a row of a run that has ended. */
  #rewrite(random: Random): void {
    const run = this.#anyRun(random);
    const { lastStep } = run.history;
    if (run.fields.state !== "running" && lastStep !== undefined)
      run.rewrite(random.between(0, Number(lastStep)), metricsOf(random));
  }

  #delete(random: Random): void {
    const run = this.#anyRun(random);
    if (!this.#mayRemove(run)) return;
    this.#project.deleteRun(run.name);
    this.#deleted.push(run.name);
  }

  #undelete(random: Random): void {
    if (this.#deleted.length === 0) return;
    const name = random.pick(this.#deleted);
    this.#deleted = this.#deleted.filter((other) => other !== name);
    this.#project.undeleteRun(name);
  }

  #moveOut(random: Random): void {
    const run = this.#anyRun(random);
    if (this.#mayRemove(run)) this.#project.moveRun(run.name, this.#elsewhere);
  }

  #moveIn(random: Random): void {
    const { runs } = this.#elsewhere;
    if (runs.length > 0) this.#elsewhere.moveRun(random.pick(runs).name, this.#project);
  }

  #mayRemove(run: WandbRun): boolean {
    const kept = this.runs.filter((other) => other !== run && other.fields.tags.includes(keptTag));
    return kept.length >= minRuns;
  }

  #anyRun(random: Random): WandbRun {
    return this.runs.length === 0 ? this.#project.addRun() : random.pick(this.runs);
  }
}

function metricsOf(random: Random) {
  return { loss: seededRandom(random.between(1, 1000))(), odd: random.pick(values) };
}
