const SHOWN = '[secret]';
/** Shorter ones would be found everywhere. */
const LENGTH_MIN = 6;

/**
 * A7. A text without a secret in it: as it is, and as servers echo it. What a tool answers goes to a model, and what
 * it fails with to the log.
 */
export function containSecret(text: string, secret: string | null): string {
  if (secret === null || secret.length < LENGTH_MIN) return text;
  const forms = new Set([
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    Buffer.from(secret).toString('hex'),
  ]);
  return [...forms].reduce((left, form) => left.replaceAll(form, SHOWN), text);
}
