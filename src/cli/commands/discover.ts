import { c8Schema } from "../../connector/c8-schema.ts";
import type { Stream } from "../../core/source.ts";
import { visibleLine, visibleText } from "../../core/visible-text.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { formatTable } from "../terminal/table.ts";
import { configure, type Invocation } from "../invocation/invocation.ts";

/** `discover`: shows the streams with their columns, types, keys and cursors. */
export async function discoverCommand(invocation: Invocation): Promise<number> {
  const { terminal, flags } = invocation;
  const { streams } = await configure(invocation, { isOffline: true });
  if (flags.json === true) {
    terminal.printJson({ schemas: streams.map(catalogEntry) });
    return exitStatus.completed;
  }
  for (const stream of streams) {
    const rows = Object.entries(stream.columns).map(([column, type]) => [
      column,
      type,
      roleOf(stream, column),
    ]);
    terminal.printStyled(
      terminal.color.bold(visibleLine(stream.name)) +
        (stream.description === undefined ? "" : `: ${visibleText(stream.description)}`),
    );
    terminal.printStyled(`${formatTable({ columns: ["column", "type", ""], rows }, terminal)}\n`);
  }
  return exitStatus.completed;
}

/** A schema of the C8 contract (`name`, `attributes`), plus our members that it lacks. */
function catalogEntry(stream: Stream) {
  const { description, columns, primaryKey, cursor } = stream;
  const more = { description, columns, primary_key: primaryKey, cursor: cursor ?? null };
  return { ...c8Schema(stream), ...more };
}

function roleOf({ primaryKey, cursor }: Stream, column: string): string {
  if (primaryKey.includes(column)) return "primary key";
  return column === cursor ? "cursor" : "";
}
