import type { Block, ReportData, SourceReport } from "../blocks.ts";
import { element } from "./dom.ts";
import { experimentsNode } from "./experiments.ts";
import { plotNode, syncsNode, tableNode, tilesNode } from "./row-blocks.ts";

// Written by the program that made this page.
const data = JSON.parse(document.getElementById("data")?.textContent ?? "") as ReportData;
document.getElementById("report")?.replaceChildren(
  element("header", {}, [
    element("h1", { textContent: data.title }),
    element("p", {
      className: "note",
      textContent: `Made on ${data.generatedAt.slice(0, 16).replace("T", " ")} UTC by rivulet ${data.version}. Nothing on this page is loaded from or sent to a network.`,
    }),
    ...contentsOf(data.sources),
  ]),
  ...data.sources.map(sourceNode),
);

function contentsOf(sources: readonly SourceReport[]): HTMLElement[] {
  if (sources.length < 2) return [];
  const links = sources.map(({ title }, index) =>
    element("a", { href: `#source-${index}`, textContent: title }),
  );
  return [element("nav", {}, links)];
}

function sourceNode({ title, blocks }: SourceReport, index: number): HTMLElement {
  const heading = element("h2", { textContent: title });
  return element("section", { id: `source-${index}` }, [heading, ...blocks.map(blockNode)]);
}

function blockNode(block: Block): HTMLElement {
  if (block.show === "tiles") return tilesNode(block);
  const { title, note, sql } = block;
  return element("article", {}, [
    element("h3", { textContent: title }),
    ...(note === undefined ? [] : [element("p", { className: "note", textContent: note })]),
    contentNode(block),
    ...(sql === undefined ? [] : [sqlNode(sql)]),
  ]);
}

function contentNode(block: Exclude<Block, { show: "tiles" }>): HTMLElement {
  switch (block.show) {
    case "syncs":
      return syncsNode(block);
    case "experiments":
      return experimentsNode(block);
    case "table":
      return tableNode(block);
    case "bars":
    case "lines":
      return plotNode(block);
  }
}

function sqlNode(sql: string): HTMLElement {
  const code = element("pre", { textContent: sql });
  const button = element("button", { type: "button", textContent: "Copy" });
  button.addEventListener("click", () => {
    copy(code, sql).then(
      () => (button.textContent = "Copied"),
      () => (button.textContent = "Selected: press Ctrl-C"),
    );
  });
  return element("details", { className: "sql" }, [
    element("summary", { textContent: "SQL" }),
    button,
    code,
  ]);
}

/** A page that is opened as a file may not write to the clipboard everywhere: then it selects. */
async function copy(node: HTMLElement, text: string): Promise<void> {
  getSelection()?.selectAllChildren(node);
  await navigator.clipboard.writeText(text);
}
