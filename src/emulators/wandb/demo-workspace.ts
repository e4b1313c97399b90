import { seededRandom } from "../random.ts";
import { WandbClock } from "./clock.ts";
import type { WandbProject } from "./project.ts";
import type { WandbRun } from "./run.ts";
import { WandbWorkspace } from "./workspace.ts";

/**
 * The workspace of somebody who trains a small model: one project with six runs, the last of which
 * is still running. Always the same.
 */
export function demoWorkspace(): WandbWorkspace {
  const clock = new WandbClock({ start: "2025-06-02T09:00:00Z" });
  const workspace = new WandbWorkspace({ clock, entity: "acme", user: "ada" });
  const project = workspace.addProject({ name: "digits" });
  for (const recipe of recipes) {
    clock.advance(7_200_000);
    const { id, name, tags, steps, end } = recipe;
    const config = { lr: recipe.lr, batch_size: recipe.batchSize, optimizer: "adamw" };
    const run = project.addRun({ name: id, displayName: name, tags, config, jobType: "train" });
    train(run, recipe, { from: 0, below: steps });
    if (end) run.finish(end);
  }
  return workspace;
}

/** Logs this many further steps of the run that is still running. */
export function continueTraining(project: WandbProject, steps: number): void {
  for (const recipe of recipes) {
    const run = project.run(recipe.id);
    if (run?.fields.state !== "running") continue;
    const from = Number(run.history.lastStep ?? -1) + 1;
    train(run, recipe, { from, below: from + steps });
  }
}

interface Recipe {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly lr: number;
  readonly batchSize: number;
  readonly steps: number;
  /**
   * The value that the loss approaches, and the number of steps in which two thirds of the way are
   * done.
   */
  readonly floor: number;
  readonly pace: number;
  /** From this step on the loss grows, until it is NaN. */
  readonly divergesAt?: number;
  /** Absent: still running. */
  readonly end?: "finished" | "failed";
}

const recipes: readonly Recipe[] = [
  {
    ...{ id: "3fk2a9xc", name: "baseline", tags: ["paper"], lr: 0.001, batchSize: 64 },
    ...{ steps: 400, floor: 0.42, pace: 70, end: "finished" },
  },
  {
    ...{ id: "8d0qwe12", name: "warmup", tags: ["paper", "best"], lr: 0.003, batchSize: 64 },
    ...{ steps: 400, floor: 0.21, pace: 110, end: "finished" },
  },
  {
    ...{ id: "k5z1m7pt", name: "small-batch", tags: [], lr: 0.001, batchSize: 8 },
    ...{ steps: 300, floor: 0.55, pace: 40, end: "finished" },
  },
  {
    ...{ id: "q0v8c3rn", name: "too-hot", tags: ["diverged"], lr: 0.1, batchSize: 64 },
    ...{ steps: 200, floor: 0.9, pace: 25, divergesAt: 120, end: "failed" },
  },
  {
    ...{ id: "t7b4y2hs", name: "größeres-Modell-🔢", tags: ["wide"], lr: 0.0005, batchSize: 128 },
    ...{ steps: 400, floor: 0.25, pace: 160, end: "finished" },
  },
  {
    ...{ id: "w9e6d1ju", name: "overnight", tags: [], lr: 0.002, batchSize: 64 },
    ...{ steps: 240, floor: 0.18, pace: 130 },
  },
];

/** The number of steps between two validations. */
const validationSteps = 20;

interface StepRange {
  readonly from: number;
  readonly below: number;
}

function train(run: WandbRun, recipe: Recipe, { from, below }: StepRange): void {
  const random = seededRandom(recipe.steps + recipe.batchSize + from);
  for (let step = from; step < below; step += 1) {
    const loss = lossAt(step, recipe) * (1 + (random() - 0.5) / Math.sqrt(recipe.batchSize));
    const acc = Number.isFinite(loss) ? 1 / (1 + loss ** 2 / 2) : 0.1;
    const row = { loss, acc, lr: recipe.lr * Math.min(1, (step + 1) / 50) };
    run.log(step % validationSteps === 0 ? { ...row, val: { loss: loss * 1.08 + 0.03 } } : row);
  }
}

function lossAt(step: number, { floor, pace, divergesAt = Infinity }: Recipe): number {
  const loss = floor + (2.4 - floor) * Math.exp(-step / pace);
  if (step < divergesAt) return loss;
  const grown = loss * Math.exp((step - divergesAt) / 8);
  return grown < 1000 ? grown : NaN;
}
