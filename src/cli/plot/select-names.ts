import { distance } from "fastest-levenshtein";
import { ConfigError } from "../../core/errors.ts";
import { runLabel, type Run } from "./runs.ts";

/**
 * The runs that a person names, separated by commas: by id, `project/id`, display name, the
 * beginning of one of them, or a pattern with `*`. Throws a ConfigError if there is no such run, or
 * if a name that is no pattern fits several.
 */
export function selectRuns(text: string, runs: readonly Run[]): readonly Run[] {
  const whole = runs.filter((run) => namesOf(run).includes(text));
  const selectors = whole.length > 0 ? [text] : splitNames(text);
  return [...new Set(selectors.flatMap((selector) => runsNamed(selector, runs)))];
}

/**
 * The names that a person gives, separated by commas, with `*` for any text. Throws a ConfigError
 * that suggests similar names if there is no such one; `what` says what they name.
 */
export function selectNames(text: string, names: readonly string[], what: string): string[] {
  const selectors = names.includes(text) ? [text] : splitNames(text);
  const selected = selectors.flatMap((selector) => {
    if (names.includes(selector)) return [selector];
    const matches = isPattern(selector) ? names.filter(patternOf(selector)) : [];
    if (matches.length > 0) return matches;
    throw new ConfigError(`unknown ${what}: "${selector}"; ${suggestNames(selector, names)}`);
  });
  return [...new Set(selected)];
}

function namesOf({ key, id, name }: Run): readonly string[] {
  return name === "" ? [key, id] : [key, id, name];
}

function runsNamed(selector: string, runs: readonly Run[]): readonly Run[] {
  const byKey = runs.filter(({ key }) => key === selector);
  if (byKey.length > 0) return byKey;
  const exact = runs.filter((run) => namesOf(run).includes(selector));
  if (exact.length > 0) return requireOne(selector, exact);
  if (isPattern(selector)) {
    const matches = patternOf(selector);
    const fitting = runs.filter((run) => namesOf(run).some(matches));
    if (fitting.length > 0) return fitting;
  } else {
    const begin = runs.filter((run) => namesOf(run).some((name) => name.startsWith(selector)));
    if (selector !== "" && begin.length > 0) return requireOne(selector, begin);
  }
  const names = [...new Set(runs.flatMap(namesOf))];
  throw new ConfigError(
    `unknown run: "${selector}"; ${suggestNames(selector, names)} (plot alone lists them)`,
  );
}

const maxListed = 10;

function requireOne(selector: string, runs: readonly Run[]): readonly Run[] {
  if (runs.length === 1) return runs;
  const listed = runs.slice(0, maxListed).map(runLabel);
  const more = runs.length > maxListed ? `, and ${runs.length - maxListed} more` : "";
  throw new ConfigError(
    `run "${selector}": fits ${runs.length} runs: ${listed.join(", ")}${more}; name one by its id, or all with "${selector}*"`,
  );
}

function splitNames(text: string): readonly string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name, _index, all) => name !== "" || all.length === 1);
}

function isPattern(selector: string): boolean {
  return selector.includes("*");
}

/** `*` stands for any text, also none; everything else for itself. */
function patternOf(selector: string): (name: string) => boolean {
  const [first = "", ...parts] = selector.split("*");
  const last = parts.pop() ?? "";
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const part of parts) {
      const found = name.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}

const maxSuggestions = 5;

/** The names that are similar to a text; if none is, some of those that exist. */
function suggestNames(text: string, names: readonly string[]): string {
  if (names.length === 0) return "there are none yet; sync first";
  const ranked = names
    .map((name) => ({ name, edits: distance(name.toLowerCase(), text.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const close = ranked.filter(
    ({ name, edits }) => edits <= Math.max(2, text.length / 2) || name.startsWith(text),
  );
  const shown = (close.length > 0 ? close : ranked).slice(0, maxSuggestions);
  const listed = shown.map(({ name }) => `"${name}"`).join(", ");
  if (close.length > 0) return `did you mean ${listed}?`;
  return names.length > maxSuggestions ? `there are ${listed}, …` : `there are ${listed}`;
}
