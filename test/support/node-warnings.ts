/** As Node prints them: `(node:123) [DEP0205] DeprecationWarning: …`. */
const nodeWarning = /^\(node:\d+\) .*Warning: .*$/m;

/** Returns the output of a program. Throws if Node printed a warning in it. */
export function withoutNodeWarnings<
  Output extends { readonly stdout: string; readonly stderr: string },
>(output: Output): Output {
  // A terminal shows both kinds of output as one.
  const [warning] = nodeWarning.exec(`${output.stderr}\n${output.stdout}`) ?? [];
  if (warning !== undefined) throw new Error(`Node printed a warning: ${warning}`);
  return output;
}
