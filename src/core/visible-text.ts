/**
 * What a terminal obeys instead of showing it: control characters, marks that reverse the direction
 * of writing, separators of lines; and what no XML may hold.
 */
const unshowable = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\ufffe\uffff]/gu;

/**
 * A text for people or logs, in which control characters and bidirectional marks are shown as
 * `\u001b`, so that what a service sends can neither operate the terminal nor disguise itself. Line
 * breaks and tabs stay. In JSON, the escapes stand for the same value.
 */
export function visibleText(text: string): string {
  return text.replace(unshowable, (character) =>
    character === "\n" || character === "\t" ? character : escapeCharacter(character),
  );
}

/** The same for a text that must stay on one line, such as a name: line breaks are shown, too. */
export function visibleLine(text: string): string {
  return text.replace(unshowable, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
