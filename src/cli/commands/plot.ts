import { writeFile } from "node:fs/promises";
import { ConfigError, messageOf } from "../../core/errors.ts";
import { openDestination } from "../../destination/open.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";
import { describePlot } from "../plot/describe-plot.ts";
import { listRuns } from "../plot/list-runs.ts";
import { readCurves } from "../plot/read-curves.ts";
import { renderPlotSvg, renderPlotText } from "../terminal/plot.ts";

/**
 * `plot`: draws metrics of runs over steps or time, as stored in the destination. Without a metric,
 * lists what there is to draw.
 */
export async function plotCommand(invocation: Invocation): Promise<number> {
  const { terminal, flags } = invocation;
  const { run, metric, svg, best, by, group, smooth, x = "step", limit } = flags;
  if (by !== undefined && best === undefined)
    throw new ConfigError("--by: says which runs are the best; add --best 5");
  const configured = await configure(invocation, { isOffline: true });
  await using destination = await openDestination(configured.destination, configured.openOptions);
  if (metric === undefined && best === undefined) {
    if (svg !== undefined || group !== undefined)
      throw new ConfigError("plot: name a run and a metric; plot alone lists them");
    await listRuns(destination, terminal, { run, limit });
    return exitStatus.completed;
  }
  const read = await readCurves(destination, { run, metric, best, by, group, smooth, x });
  const plot = describePlot(read, {
    logY: flags["log-y"] === true,
    smooth,
    x,
    best,
    by: by ?? metric,
  });
  terminal.printStyled(renderPlotText(plot, terminal));
  if (plot.hidden > 0) terminal.log.warning(hiddenText(plot.hidden));
  if (svg !== undefined) await writePicture(svg, renderPlotSvg(plot));
  return exitStatus.completed;
}

function hiddenText(count: number): string {
  return `--log-y: ${count} values of 0 or below are not drawn: a logarithmic axis has no place for them`;
}

async function writePicture(file: string, picture: string): Promise<void> {
  try {
    await writeFile(file, picture);
  } catch (cause) {
    throw new ConfigError(
      `--svg ${file}: cannot be written (${messageOf(cause)}); name another file`,
      { cause },
    );
  }
}
