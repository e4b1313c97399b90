import { writeFile } from "node:fs/promises";
import { ConfigError, messageOf } from "../../core/errors.ts";
import { openDestination } from "../../destination/open.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { renderPlotSvg, renderPlotText } from "../terminal/plot.ts";
import { readCurves } from "./read-curves.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";

/** `plot`: draws metrics of runs over their steps, as stored in the destination. */
export async function plotCommand(invocation: Invocation): Promise<number> {
  const { terminal, flags } = invocation;
  const { run = "", metric = "", svg } = flags;
  const configured = await configure(invocation, { isOffline: true });
  await using destination = await openDestination(configured.destination, configured.openOptions);
  const curves = await readCurves(destination, configured.streams, { run, metric });
  terminal.printStyled(renderPlotText(curves, terminal));
  if (svg !== undefined) await writePicture(svg, renderPlotSvg(curves));
  return exitStatus.completed;
}

async function writePicture(file: string, picture: string): Promise<void> {
  try {
    await writeFile(file, picture);
  } catch (cause) {
    throw new ConfigError(
      `--svg ${file}: cannot be written (${messageOf(cause)}); name another file`,
      {
        cause,
      },
    );
  }
}
