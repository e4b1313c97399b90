import { readPipelines, type NamedPipeline } from "../../configuration/read-pipelines.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Source } from "../../core/source.ts";
import { loadSource, sourceNames } from "../../sources/registry.ts";
import { configure, type ConfiguredSource, type Invocation } from "../invocation/invocation.ts";
import { runCheck } from "./check.ts";

/**
 * `validate`: checks a configuration file without connecting to anything. Variables need not be
 * set, so that it can run where the secrets are not.
 */
export async function validateCommand(invocation: Invocation<Source | undefined>): Promise<number> {
  const { source, flags } = invocation;
  const pipelines = await pipelinesOf(invocation);
  const statuses: number[] = [];
  const destinations = new Map<string, string>();
  for (const { source: name, name: pipeline } of pipelines) {
    const { status } = await runCheck(
      pipeline,
      async () => {
        const subject = source ?? (await loadSource(name));
        const own = { ...invocation, source: subject, flags: { ...flags, pipeline } };
        checkDistinct(await configure(own, { isOffline: true }), { name, pipeline }, destinations);
      },
      invocation,
    );
    statuses.push(status);
  }
  return Math.max(...statuses);
}

/** The pipelines of the source, or of all. Settings at the top level stand in no block. */
async function pipelinesOf({
  source,
  flags,
}: Invocation<Source | undefined>): Promise<readonly NamedPipeline[]> {
  if (!source) return (await readPipelines(flags.config, sourceNames)).pipelines;
  const { pipelines: all } = await readPipelines(flags.config, [source.name], { mayBeNone: true });
  return all.length > 0 ? all : [{ name: flags.pipeline ?? source.name, source: source.name }];
}

/** Two pipelines of one source cannot share tables. */
function checkDistinct(
  { destination }: ConfiguredSource,
  { name, pipeline }: { readonly name: string; readonly pipeline: string },
  destinations: Map<string, string>,
): void {
  const place = `${name} ${destination}`;
  const other = destinations.get(place);
  if (other !== undefined)
    throw new ConfigError(
      `has the destination of "${other}", and two pipelines of one source can't share tables; give it a destination of its own, or ?schema=`,
    );
  destinations.set(place, pipeline);
}
