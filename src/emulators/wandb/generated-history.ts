/** A history whose rows are generated on demand, so that a run may have any number of them. */
export interface GeneratedHistory {
  /** The step with which the rows begin (default 0). */
  readonly firstStep?: number;
  /** The greatest step that has a row. */
  readonly lastStep: number;
  /** The names of all metrics, whose values are numbers. */
  readonly keys: readonly string[];
  /** The row of a step as JSON text, or undefined if it has none. */
  readonly line: (step: number) => string | undefined;
}

/** The rows with `from` ≤ step < `to` and their steps. */
export function* generatedRows(
  { firstStep = 0, lastStep, line }: GeneratedHistory,
  from: number | bigint = -Infinity,
  to: number | bigint = Infinity,
): Generator<readonly [step: number, line: string], undefined> {
  const start = from > firstStep ? Number(from) : firstStep;
  for (let step = start; step <= lastStep && step < to; step += 1) {
    const text = line(step);
    if (text !== undefined) yield [step, text];
  }
}

/** The number of rows, as if every step had one. */
export function generatedCount({ firstStep = 0, lastStep }: GeneratedHistory): number {
  return lastStep - firstStep + 1;
}

/** Without the rows after a step; undefined if none is left. */
export function rewindGenerated(
  generated: GeneratedHistory,
  step: number | bigint,
): GeneratedHistory | undefined {
  const { firstStep = 0 } = generated;
  let lastStep = step < generated.lastStep ? Number(step) : generated.lastStep;
  while (lastStep >= firstStep && generated.line(lastStep) === undefined) lastStep -= 1;
  return lastStep < firstStep ? undefined : { ...generated, lastStep };
}
