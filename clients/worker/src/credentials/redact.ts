/** A shorter value is a word or a number: to remove it would garble what is said. */
const SECRET_LENGTH_MIN = 8;
const INSTEAD = '[redacted]';

export type Redact = (text: string) => string;

/** Removes secrets from a text, also where they were escaped or encoded on the way. */
export function createRedactor(secrets: Iterable<string>): Redact {
  const spellings = new Set(
    [...secrets].filter((secret) => secret.length >= SECRET_LENGTH_MIN).flatMap(spellingsOf),
  );
  if (spellings.size === 0) return (text) => text;
  // The longest first: a secret that another one begins with must not leave the rest of it.
  const ordered = [...spellings].toSorted((one, other) => other.length - one.length);
  const pattern = new RegExp(ordered.map(escaped).join('|'), 'g');
  return (text) => text.replaceAll(pattern, INSTEAD);
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
}

/** The same value with every text in it redacted, names included. */
export function redactDeep(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((each) => redactDeep(each, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [redact(name), redactDeep(each, redact)]),
  );
}
