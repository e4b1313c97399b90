/** What stands in the place of a secret. */
export const mask = "***";

/** Shorter values would redact ordinary words, and half of a message would go missing. */
const shortestSecret = 8;

/**
 * Takes secrets out of a text: each as it is, percent-encoded, as it stands in JSON, and without the `Bearer` before it; and the
 * password of every URL, but for the word that our own messages have in its place. The last guard: nothing should bring a secret here at all.
 */
export function newRedactor(secrets: readonly string[]): (text: string) => string {
  const hide = newValueRedactor(secrets);
  return (text) => hide(text).replace(/(\/\/[^\s/?#:@"]*:)(?!password@)[^\s/?#"]*@/g, `$1${mask}@`);
}

/** The same without the passwords of URLs: for data, in which they are nobody's secret of ours. */
export function newValueRedactor(secrets: readonly string[]): (text: string) => string {
  const spellings = secrets
    .flatMap((secret) => [secret, secret.replace(/^(?:Bearer|Basic|Token)\s+/i, "")])
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  return (text) => spellings.reduce((shown, secret) => shown.replaceAll(secret, mask), text);
}
