import { RawJson } from "../../../src/emulators/raw-json.ts";
import { seededRandom } from "../../../src/emulators/random.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";

/** Two projects of `acme` with everything that runs, configurations and histories can hold. */
export function newContent(): WandbWorkspace {
  const workspace = new WandbWorkspace();
  const vision = workspace.addProject({ name: "vision" });
  addValues(vision);
  addLongRuns(vision);
  const speech = workspace.addProject({ name: "speech & text" });
  addFields(speech);
  addManyRuns(speech);
  return workspace;
}

/** What happens until the next sync: in each project something is new, changed or gone. */
export function changeContent(workspace: WandbWorkspace): void {
  const [vision, speech] = workspace.projects as [WandbProject, WandbProject];
  workspace.clock.advance(3_600_000);
  const dense = vision.run("dense")!;
  for (let step = 0; step < 1200; step += 1) dense.log({ loss: step, late: { metric: -step } });
  vision.run("sparse")!.finish("failed");
  vision.addRun({ name: "new", displayName: "begun since" }).log({ loss: 1 });
  speech.run("many-7")!.edit({ displayName: "renamed", tags: ["new"], notes: "edited" });
  speech.deleteRun("many-8");
}

const media = {
  ...{ _type: "image-file", format: "png", width: 28, height: 28, size: 812 },
  ...{ path: "media/images/x_0_ab.png", sha256: "ab12" },
};

/** One line for each kind of value. */
function addValues(project: WandbProject): void {
  const run = project.addRun({ name: "values", config: nestedConfig });
  run.log({ float: 0.1, int: 3, negative: -7.25, zero: 0, exponent: 1e-300, large: 1.5e300 });
  run.log({ nan: NaN, infinity: Infinity, minus: -Infinity });
  run.log({ beyond_2_53: 2n ** 53n + 1n, lowest: -(2n ** 63n), highest: 2n ** 63n - 1n });
  run.log({ beyond_int64: 2n ** 63n, beyond_uint64: 2n ** 70n + 1n, negative: -(2n ** 70n) });
  run.log({ digits: raw("0.12345678901234567890"), whole: raw("1.0"), power: raw("1e17") });
  run.log({ minus_zero: raw("-0.0"), too_large: raw("1e400") });
  run.log({ text: 'ünï "cödé" \\ \n🔢', empty: "", number: "12", word: "Infinitely NaNny" });
  run.log({ yes: true, no: false, nothing: null });
  run.log({ list: [1, NaN, "a", [2 ** 53, null], {}], nothing: [] });
  run.log({ nested: { a: { b: 1, c: NaN, d: "x", e: [1] }, f: true }, empty: {}, deep: { x: {} } });
  run.log({ image: media, images: { count: 2, filenames: ["a", "b"] }, in: { panel: media } });
  run.log({ "a.b": 1, a: { b: 2 }, c: { "d.e": 3 }, "f/g h": 4, "größe 🔢": 5 });
  run.log({ histogram: { _type: "histogram", bins: [0, 0.5, 1], values: [3, 4] } });
  run.finish();
}

const nestedConfig = {
  ...{ lr: 0.001, epochs: 10, name: "größer", nothing: null, nan: NaN, big: 2n ** 64n },
  ...{ infinity: Infinity, minus: { deep: [-Infinity, NaN] } },
  model: { layers: [64, 32, { kind: "dropout", p: 0.5 }], act: { name: "relu" } },
  empty: {},
  value: { value: 1 },
};

/** Histories of several windows: without gaps, with gaps, and from a late step on. */
function addLongRuns(project: WandbProject): void {
  const random = seededRandom(7);
  const dense = project.addRun({ name: "dense", config: { steps: "all" } });
  for (let step = 0; step < 2500; step += 1) {
    dense.log({
      loss: random(),
      acc: random(),
      ...(step % 50 === 0 && { val: { loss: random() } }),
    });
  }
  const sparse = project.addRun({ name: "sparse" });
  for (let step = 5; step < 12_000; step += 1 + Math.floor(random() * 90)) {
    sparse.log({ _step: step, loss: random() });
  }
  const late = project.addRun({ name: "late" });
  for (let step = 0; step < 700; step += 1) late.log({ _step: 12_000 + step * 3, loss: random() });
  late.finish();
  const millis = project.addRun({ name: "millis" });
  for (let step = 0; step < 300; step += 1) {
    millis.log({ _step: 1_750_000_000_000 + step * 60, loss: random() });
  }
  millis.finish("killed");
  const nanos = project.addRun({ name: "nanos" });
  for (let step = 0; step < 30; step += 1) {
    nanos.log({ _step: 1_750_000_000_000_000_000n + BigInt(step * 499), loss: random() });
  }
  nanos.finish();
}

/** Runs that have or lack what people give to runs. */
function addFields(project: WandbProject): void {
  const full = project.addRun({
    ...{ name: "full", displayName: 'Größeres "Modell" 🔢', notes: "line 1\nline 2", group: "g 1" },
    ...{ tags: ["paper", "größe", "a,b"], description: "described", jobType: "train" },
    ...{ sweepName: "sweep123", commit: "0f3e1a", host: "gpu-1" },
    config: { lr: 0.5 },
  });
  full.log({ loss: 1 });
  full.finish();
  project.addRun({ name: "waiting", state: "pending", heartbeatAt: null });
  project.addRun({ name: "unlogged", displayName: null }).finish();
  const crashed = project.addRun({ name: "crashed", tags: ["x"] });
  for (let step = 0; step < 40; step += 1) crashed.log({ loss: step / 3 });
  crashed.rewind(20);
  crashed.crash();
}

/** More runs than the SDK reads in one page. */
function addManyRuns(project: WandbProject): void {
  for (let index = 0; index < 55; index += 1) {
    const run = project.addRun({ name: `many-${index}`, config: { index }, group: "many" });
    for (let step = 0; step < index % 5; step += 1) run.log({ loss: index / (step + 1) });
    run.finish();
  }
}

function raw(text: string): RawJson {
  return new RawJson(text);
}
