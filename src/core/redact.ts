/** Replaces a secret. */
export const mask = "***";

/** Shorter secrets are not redacted: they would match ordinary words and mangle messages. */
const shortestSecret = 8;

/**
 * Returns a function that masks the secrets in a text, and the password of every URL in it, except
 * the placeholder `password` of our own messages. The last line of defence: secrets should not get
 * this far.
 */
export function newRedactor(secrets: readonly string[]): (text: string) => string {
  const redactValues = newValueRedactor(secrets);
  return (text) =>
    redactValues(text).replace(/(\/\/[^\s/?#:@"]*:)(?!password@)[^\s/?#"]*@/g, `$1${mask}@`);
}

/**
 * Returns a function that masks the secrets in a text: as they are, percent-encoded, JSON-escaped,
 * and without `Bearer`, `Basic` or `Token`. For data, whose URLs may hold passwords of their own.
 */
export function newValueRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .flatMap((secret) => [secret, secret.replace(/^(?:Bearer|Basic|Token)\s+/i, "")])
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((redacted, form) => redacted.replaceAll(form, mask), text);
}
