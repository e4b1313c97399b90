import { createHash } from "node:crypto";
import { visibleLine } from "../core/visible-text.ts";
import type { ReportData } from "./blocks.ts";

/** What the page is made of besides its data. */
export interface ReportAssets {
  /** The browser's program, with its charts. */
  readonly script: string;
  readonly style: string;
}

/**
 * One HTML file that needs no network and may not use it: its policy allows only the script whose
 * hash it names. Data stands in it as JSON, in which nothing can end the element.
 */
export function reportHtml(data: ReportData, { script, style }: ReportAssets): string {
  const code = script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  const hash = createHash("sha256").update(code).digest("base64");
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="rivulet">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(visibleLine(data.title))}</title>
<style>${style}</style>
</head>
<body>
<main id="report"><noscript>This report draws itself with JavaScript, which is turned off.</noscript></main>
<script type="application/json" id="data">${escapeJson(JSON.stringify(data))}</script>
<script>${code}</script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function escapeJson(json: string): string {
  return json
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}
