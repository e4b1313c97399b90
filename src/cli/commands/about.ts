import { describeConnector } from "../../connector/about.ts";
import type { Connector } from "../../connector/connector.ts";
import type { Source } from "../../core/source.ts";
import { programVersion } from "../../core/version.ts";
import { visibleText } from "../../core/visible-text.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { formatTable } from "../terminal/table.ts";
import { version } from "../invocation/version.ts";
import type { Invocation } from "../invocation/invocation.ts";

/** `about`: shows what a connector is and the keys of its configuration. */
export function aboutCommand({ source, flags, terminal }: Invocation<Connector | Source>): number {
  const about = describeConnector(source, version());
  if (flags.json === true) {
    terminal.printJson(about);
    return exitStatus.completed;
  }
  terminal.printStyled(
    `${terminal.color.bold(visibleText(about.description))}  (rivulet ${programVersion})\n`,
  );
  const rows = about.config.map(({ name, type, is_mandatory, default_value, env, description }) => [
    name,
    type,
    is_mandatory ? "required" : default_value,
    env.join(", "),
    description,
  ]);
  terminal.printStyled(
    formatTable({ columns: ["key", "type", "default", "environment", ""], rows }, terminal),
  );
  return exitStatus.completed;
}
