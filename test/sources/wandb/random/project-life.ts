import type { WandbProject } from "../../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../../src/emulators/wandb/run.ts";
import type { WandbWorkspace } from "../../../../src/emulators/wandb/workspace.ts";
import type { Random } from "../../../support/random.ts";

/** What happens to a project and its runs, chosen at random. */
export class ProjectLife {
  /** Runs that came, went or changed since the last `startWatching`. */
  readonly touched = new Set<string>();
  readonly #random: Random;
  readonly #workspace: WandbWorkspace;
  readonly #project: WandbProject;
  readonly #other: WandbProject;
  readonly #deleted: string[] = [];
  #serial = 0;

  constructor(workspace: WandbWorkspace, random: Random) {
    this.#random = random;
    this.#workspace = workspace;
    this.#project = workspace.addProject({ name: "vision" });
    this.#other = workspace.addProject({ name: "elsewhere" });
  }

  get project(): WandbProject {
    return this.#project;
  }

  /** One thing happens; none if it is impossible. */
  step(): void {
    const events = [
      ...[this.#begin, this.#log, this.#log, this.#finish, this.#crash, this.#edit, this.#resume],
      ...[this.#moveOut, this.#moveIn, this.#undelete, this.#delete, this.#hide, this.#lag],
      ...[this.#rewind, this.#rewindAndGoOn, this.#rewrite, this.#logLate, this.#upload],
    ];
    this.#random.pick(events).call(this);
  }

  /** Everything comes to an end: all runs end, and nothing lags or is hidden any more. */
  comeToRest(): void {
    for (const run of this.#project.runs) {
      // A settled gap is looked at again once a field moves.
      if (run.history.lineCount > [...run.history.shownLines()].length)
        run.edit({ notes: "at rest" });
      run.history.catchUp();
      run.hidden = false;
      if (run.fields.state === "running") run.finish();
    }
  }

  #begin(): void {
    this.#workspace.clock.advance(this.#random.pick([0, 0, 1000, 60_000]));
    const run = this.#project.addRun({
      name: `run-${(this.#serial += 1)}`,
      config: { lr: this.#random.between(1, 9) / 10 },
      tags: this.#random.oneIn(3) ? ["first"] : [],
    });
    this.touched.add(run.name);
    for (let lines = this.#random.smallCount(); lines > 0; lines -= 1) this.#logLine(run);
  }

  #upload(): void {
    const day = this.#random.between(10, 28);
    const rows = Array.from({ length: this.#random.smallCount() }, () => this.#metrics());
    const name = `offline-${(this.#serial += 1)}`;
    this.#project.uploadRun({ name, createdAt: `2025-12-${day}T00:00:00Z`, rows });
    this.touched.add(name);
  }

  #log(): void {
    this.#change("running", (run) => {
      this.#logLine(run);
    });
  }

  #logLine(run: WandbRun): void {
    const last = Number(run.history.lastStep ?? -1);
    run.log({ _step: last + this.#random.between(1, 3), ...this.#metrics() });
  }

  /** A slow second writer adds a line at a step that has none. */
  #logLate(): void {
    this.#change("running", (run) => {
      const steps = new Set(stepsOf(run));
      const last = Number(run.history.lastStep ?? 0);
      const free = Array.from({ length: last }, (_, step) => step).filter((n) => !steps.has(n));
      if (free.length > 0) run.logLate({ _step: this.#random.pick(free), ...this.#metrics() });
    });
  }

  #finish(): void {
    this.#change("running", (run) => {
      run.finish(this.#random.pick(["finished", "failed", "killed"]));
    });
  }

  #crash(): void {
    this.#change("running", (run) => {
      run.crash();
    });
  }

  #resume(): void {
    this.#change("ended", (run) => {
      run.resume();
    });
  }

  #edit(): void {
    const change = this.#random.pick([
      { displayName: `name ${this.#random.between(1, 99)}` },
      { tags: [`t${this.#random.between(1, 9)}`] },
      { notes: `notes ${this.#random.between(1, 99)}` },
      { config: { lr: this.#random.between(10, 99) } },
      { summary: { best: this.#random.between(1, 99) } },
    ]);
    this.#change("any", (run) => {
      run.edit(change);
    });
  }

  #rewind(): void {
    this.#change("any", (run) => {
      const steps = stepsOf(run);
      if (steps.length > 0) run.rewind(this.#random.pick(steps));
    });
  }

  /** Rewinds, and logs as many other lines as there were. */
  #rewindAndGoOn(): void {
    this.#change("any", (run) => {
      const steps = stepsOf(run);
      if (steps.length < 2) return;
      run.rewind(this.#random.pick(steps));
      while (run.history.lineCount < steps.length) this.#logLine(run);
    });
  }

  #rewrite(): void {
    this.#change("any", (run) => {
      const steps = stepsOf(run);
      if (steps.length > 0) run.rewrite(this.#random.pick(steps), this.#metrics());
    });
  }

  #lag(): void {
    this.#change("any", (run) => {
      if (run.history.lineCount > 0)
        run.lag({ rows: this.#random.between(1, run.history.lineCount) });
    });
  }

  #hide(): void {
    this.#change("any", (run) => {
      run.hidden = !run.hidden;
    });
  }

  #delete(): void {
    this.#change("any", (run) => {
      this.#project.deleteRun(run.name);
      this.#deleted.push(run.name);
    });
  }

  #undelete(): void {
    if (this.#deleted.length === 0) return;
    const [name = ""] = this.#deleted.splice(this.#random.between(0, this.#deleted.length - 1), 1);
    this.#project.undeleteRun(name);
    this.touched.add(name);
  }

  #moveOut(): void {
    this.#change("any", (run) => {
      this.#project.moveRun(run.name, this.#other);
    });
  }

  #moveIn(): void {
    if (this.#other.runs.length === 0) return;
    const { name } = this.#random.pick(this.#other.runs);
    this.#other.moveRun(name, this.#project);
    this.touched.add(name);
  }

  #change(state: "running" | "ended" | "any", change: (run: WandbRun) => void): void {
    const runs = this.#project.runs.filter(
      ({ fields }) => state === "any" || (fields.state === "running") === (state === "running"),
    );
    if (runs.length === 0) return;
    const run = this.#random.pick(runs);
    this.touched.add(run.name);
    change(run);
  }

  #metrics(): Readonly<Record<string, number>> {
    return {
      loss: this.#random.between(1, 1000) / 7,
      ...(this.#random.oneIn(2) ? { acc: this.#random.between(1, 1000) / 1000 } : {}),
    };
  }
}

function stepsOf(run: WandbRun): number[] {
  return [...run.history.lines()].map(
    (line) => (JSON.parse(line) as { readonly _step: number })._step,
  );
}
