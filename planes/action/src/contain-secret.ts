const SHOWN = '[secret]';
/** Shorter ones would be found everywhere. */
const LENGTH_MIN = 6;
/** Of a beginning: a text may well end with a letter that a secret begins with. */
const BEGUN_MIN = 3;

/**
 * A7. A text without a secret in it: as it is, and as servers echo it. What a tool answers goes to a model, and what
 * it fails with to the log.
 */
export function containSecret(text: string, secret: string | null): string {
  if (secret === null || secret.length < LENGTH_MIN) return text;
  return formsOf(secret).reduce((left, form) => left.replaceAll(form, SHOWN), text);
}

/** Of a text that was cut off: without the beginning of a secret at its end. */
export function cutSecret(text: string, secret: string | null): string {
  if (secret === null || secret.length < LENGTH_MIN) return text;
  const begun = formsOf(secret).map((form) => {
    let length = Math.min(form.length - 1, text.length);
    while (length > 0 && !text.endsWith(form.slice(0, length))) length -= 1;
    return length;
  });
  const longest = Math.max(...begun);
  return longest < BEGUN_MIN ? text : `${text.slice(0, -longest)}${SHOWN}`;
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
  return [...new Set(forms)];
}
