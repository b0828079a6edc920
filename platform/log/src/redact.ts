/**
 * Hides what must not be in a log: by the name of the field that holds it, at any depth, and by the
 * look of a text wherever it stands. What comes out is plain data without cycles.
 */

const HIDDEN = '[secret]';
const DEPTH_MAX = 8;
const ITEMS_MAX = 100;
const LETTERS_MAX = 8192;

/** The last word of a name decides: `worker_secret` and `accessToken` are hidden, `token_count` is not. */
const SECRET_NAMES =
  /(?:^|_)(?:authorization|cookies?|passwords?|passphrase|secrets?|tokens?|credentials?|prompts?|messages|bearer|(?:api|access|private|encryption|master|virtual|signing|enrollment|provider|secret)_?keys?)$/;
const COUNTED_NAMES = /(?:^|_)(?:tokens|prompts|messages)$/;

/** Credentials on sight, anybody's JWT, and the password in a URL. */
const SECRET_TEXTS =
  /\b(?:sk-|sat-|wrt-1\.|rt-1\.)[\w.+/=-]{12,}|\beyJ[\w-]{8,}\.[\w.-]+|\bBearer\s+[\w.+/=~-]+|(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/gi;

/** Errors say more than their own fields, so their owner serialises them. */
export type SerializeError = (error: Error, redact: (value: unknown) => unknown) => unknown;

export function redactFields(
  fields: Readonly<Record<string, unknown>>,
  serializeError: SerializeError,
): Record<string, unknown> {
  return redactRecord(fields, { depth: 0, inside: new Set(), serializeError });
}

export function redactText(text: string): string {
  const short = text.length > LETTERS_MAX ? `${text.slice(0, LETTERS_MAX)}…` : text;
  return short.replaceAll(SECRET_TEXTS, HIDDEN);
}

interface Walk {
  readonly depth: number;
  readonly inside: ReadonlySet<object>;
  readonly serializeError: SerializeError;
}

function redactValue(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      return value === null ? null : redactObject(value, walk);
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
  }
}

function redactObject(value: object, { depth, inside, serializeError }: Walk): unknown {
  if (inside.has(value)) return '[circular]';
  if (depth >= DEPTH_MAX) return '[deep]';
  const walk = { depth: depth + 1, inside: new Set(inside).add(value), serializeError };
  if (value instanceof Error) return serializeError(value, (each) => redactValue(each, walk));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const json: unknown = value.toJSON();
    return json === value ? '[circular]' : redactValue(json, walk);
  }
  if (value instanceof Map)
    return redactRecord(Object.fromEntries<unknown>(value as Map<string, unknown>), walk);
  const items = value instanceof Set ? [...value] : value;
  if (!Array.isArray(items)) return redactRecord(items as Record<string, unknown>, walk);
  const shown = items.slice(0, ITEMS_MAX).map((each) => redactValue(each, walk));
  return items.length > ITEMS_MAX ? [...shown, `[${items.length - ITEMS_MAX} more]`] : shown;
}

function redactRecord(
  record: Readonly<Record<string, unknown>>,
  walk: Walk,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      isSecret(name, value) ? HIDDEN : redactValue(value, walk),
    ]),
  );
}

function isSecret(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return false;
  const snake = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[-.\s]/g, '_')
    .toLowerCase();
  if (typeof value === 'number' && COUNTED_NAMES.test(snake)) return false; // `prompt_tokens: 12`
  return SECRET_NAMES.test(snake);
}
