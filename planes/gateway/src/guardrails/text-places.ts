/**
 * Every text that stands in a body, where it stands in its bytes. All of them are looked at, names of
 * fields too, wherever a format or a client puts them: what a list of places would leave out is where
 * something gets by. Left out is what is no text (W1): what an image, a file or a sound is as base64, and
 * words of the format itself (`role`, `type`, ids, signatures), but not where they are a client's own
 * names, in the arguments of a tool and in schemas.
 */

export interface TextPlace {
  /** Of the string with its quotes. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Names and indexes that lead to it, the outermost so many; of a name, also the name. */
  readonly path: readonly (string | number)[];
  readonly isName: boolean;
}

export interface Places {
  readonly texts: readonly TextPlace[];
  /** Parts that nobody can read here: names of the fields that they stand in. */
  readonly opaque: readonly string[];
}

const OF_THE_FORMAT: ReadonlySet<string | number> = new Set([
  'model',
  'role',
  'type',
  'id',
  'object',
  'item_id',
  'tool_call_id',
  'tool_use_id',
  'call_id',
  'response_id',
  'previous_response_id',
  'finish_reason',
  'stop_reason',
  'done_reason',
  'system_fingerprint',
  'service_tier',
  'created_at',
  'obfuscation',
]);
/** Written by a provider for itself, and told to nobody. */
const SEALED: ReadonlySet<string | number> = new Set([
  'signature',
  'encrypted_content',
  'thoughtSignature',
  'thought_signature',
]);
/** Below these every name is a client's own. */
const OWN: ReadonlySet<string | number> = new Set([
  'arguments',
  'parameters',
  'input_schema',
  'schema',
  'properties',
  'metadata',
  'args',
  'functionResponse',
  'function_response',
  'toolResult',
]);
const MEDIA: ReadonlySet<string | number> = new Set([
  'data',
  'url',
  'image_url',
  'file_url',
  'file_data',
  'image_data',
  'b64_json',
  'images',
  'file_id',
  'embedding',
]);
const DATA_URL = /^data:[\w.+/-]{0,100}(?:;[\w=.-]{1,50}){0,5};base64,[A-Za-z0-9+/_=-]*$/;
const REFERENCE = /^(?:https?:\/\/|file-)/;
const BASE64 = /^[A-Za-z0-9+/_-]{64,}={0,2}$/;
const WORD_LENGTH_MAX = 1_024;
const TOKENS_IN: ReadonlySet<string | number> = new Set(['input', 'prompt']);

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;

interface Level {
  readonly isObject: boolean;
  /** Where the next value stands. */
  at: string | number;
  isName: boolean;
  /** It, or one above it, has names that are the client's own. */
  readonly isOwn: boolean;
  /** The name of the field that it stands in, however many lists are between. */
  readonly field: string | undefined;
}

/** Deeper than any format goes. All of a path, for each text, is a square of what a body can nest. */
const PATH_LENGTH_MAX = 32;

/** `json` has been through JSON.parse, so that it need not be checked again. */
export function findTexts(json: Buffer, from = 0, to = json.length): Places {
  const texts: TextPlace[] = [];
  const opaque = new Set<string>();
  const levels: Level[] = [];
  let at = from;
  while (at < to) {
    const byte = json[at] ?? 0;
    const level = levels.at(-1);
    switch (byte) {
      case OPEN_BRACE:
      case OPEN_BRACKET: {
        const isObject = byte === OPEN_BRACE;
        const isOwn =
          level !== undefined &&
          (level.isOwn || OWN.has(level.at) || isToolInput(levels, isObject));
        levels.push({
          isObject,
          at: isObject ? '' : 0,
          isName: isObject,
          isOwn,
          field: level && fieldOf(level),
        });
        at++;
        break;
      }
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        levels.pop();
        at++;
        break;
      case COMMA:
        if (level?.isObject === true) level.isName = true;
        else if (level !== undefined && typeof level.at === 'number') level.at++;
        at++;
        break;
      case COLON:
        if (level !== undefined) level.isName = false;
        at++;
        break;
      case QUOTE: {
        const end = endOfString(json, at);
        const text = textOf(json, at, end);
        const isName = level?.isObject === true && level.isName;
        if (isName) level.at = text;
        const kind = isName ? 'text' : kindOf(text, level);
        if (kind !== 'word' && kind !== 'opaque' && text !== '') {
          const path = levels.slice(0, PATH_LENGTH_MAX).map((each) => each.at);
          texts.push({ start: at, end, text, path, isName });
        }
        if (kind === 'opaque' || kind === 'both') opaque.add(String(level && fieldOf(level)));
        at = end;
        break;
      }
      default:
        if (isDigit(byte) && isTokens(levels)) opaque.add('tokens');
        at++;
    }
  }
  return { texts, opaque: [...opaque] };
}

/** Lines of JSON, as a file of a batch and its answers have them; undefined: one of them is something else. */
export function findLineTexts(lines: Buffer): Places | undefined {
  const texts: TextPlace[] = [];
  const opaque = new Set<string>();
  for (let from = 0; from < lines.length;) {
    const end = lines.indexOf(LF, from);
    const to = end === -1 ? lines.length : end;
    const line = lines.toString('utf8', from, to);
    if (line.trim() !== '') {
      if (!isJson(line)) return undefined;
      const places = findTexts(lines, from, to);
      texts.push(...places.texts);
      for (const each of places.opaque) opaque.add(each);
    }
    from = to + 1;
  }
  return { texts, opaque: [...opaque] };
}

/** An object or a list: what else JSON can be has no places. */
export function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

const fieldOf = ({ at, field }: Level): string | undefined => (typeof at === 'string' ? at : field);

function kindOf(text: string, level: Level | undefined): 'text' | 'word' | 'opaque' | 'both' {
  const field = level && fieldOf(level);
  if (level === undefined || level.isOwn || field === undefined) return 'text';
  if (SEALED.has(field)) return 'word';
  if (MEDIA.has(field) && DATA_URL.test(text)) return 'opaque';
  // A credential of one word looks the same; a picture is longer.
  if (MEDIA.has(field) && BASE64.test(text))
    return text.length > WORD_LENGTH_MAX ? 'opaque' : 'both';
  if (MEDIA.has(field) && REFERENCE.test(text)) return 'both';
  return OF_THE_FORMAT.has(level.at) ? 'word' : 'text';
}

/** The `input` of a tool is an object; that of a request is a list or a text. */
const isToolInput = (levels: readonly Level[], isObject: boolean): boolean =>
  isObject && levels.length > 1 && levels.at(-1)?.at === 'input';

/** Prompts may be sent as tokens: numbers in lists, right below the request, or that of a batch's line. */
function isTokens(levels: readonly Level[]): boolean {
  const [first, second] = levels;
  const request = first?.at === 'body' && levels.length > 2 ? second : first;
  return (
    levels.length > 1 &&
    request !== undefined &&
    TOKENS_IN.has(request.at) &&
    levels.at(-1)?.isObject === false
  );
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function textOf(json: Buffer, start: number, end: number): string {
  const written = json.toString('utf8', start + 1, end - 1);
  // An array: an object with such a name would go through V8's table of shapes (find-fields.ts).
  return written.includes('\\') ? (JSON.parse(`["${written}"]`) as [string])[0] : written;
}

function endOfString(json: Buffer, openingQuote: number): number {
  let at = openingQuote;
  for (;;) {
    at = json.indexOf(QUOTE, at + 1);
    if (at === -1) return json.length;
    let slashes = at;
    while (json[slashes - 1] === BACKSLASH) slashes--;
    if ((at - slashes) % 2 === 0) return at + 1;
  }
}

/** The bytes with some of the texts replaced; every other byte stays as it is (W3). */
export function replaceTexts(
  json: Buffer,
  changed: readonly { readonly place: Pick<TextPlace, 'start' | 'end'>; readonly text: string }[],
): Buffer {
  if (changed.length === 0) return json;
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { place, text } of changed) {
    pieces.push(json.subarray(from, place.start), Buffer.from(JSON.stringify(text)));
    from = place.end;
  }
  pieces.push(json.subarray(from));
  return Buffer.concat(pieces);
}
