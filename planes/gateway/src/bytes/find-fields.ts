/**
 * Where the fields of a JSON object stand in its bytes.
 *
 * The bytes have been through JSON.parse, so the scan need not check them; it must only agree with
 * JSON.parse about which bytes are the value of which name. Two ways of reading one body are an
 * attack: a name given twice is read as its first or its last value depending on the parser, and
 * some parsers (Go's) take `Model` for `model`. Whoever meters one reading and forwards the other
 * sells the dear model at the cheap one's price. So a watched name that occurs twice, in another
 * case, or spelt with escapes is refused; every other name is left alone. (Escapes: V8 14.6 can take
 * any escaped name for a lone backslash, once it has seen that name in an object of the same shape.
 * A test beside this file looks whether it still does.)
 */

/** `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface FoundFields {
  readonly kind: 'found';
  /** The byte after the opening brace: where a field can be put in. */
  readonly insertAt: number;
  readonly isEmpty: boolean;
  /** The values of the watched names that are there. */
  readonly spans: ReadonlyMap<string, Span>;
}

export type FieldSearch =
  | FoundFields
  /** The name as it was read, the second time, in another case or from escapes. */
  | { readonly kind: 'ambiguous'; readonly name: string };

/** Names to look for, by their folded spelling. */
export type WatchedNames = ReadonlyMap<string, string>;

export function watch(names: readonly string[]): WatchedNames {
  return new Map(names.map((name) => [fold(name), name]));
}

/** `json` holds a JSON object that starts at `from` or, after white space, behind it. */
export function findFields(json: Buffer, from: number, watched: WatchedNames): FieldSearch {
  const insertAt = skipSpace(json, from) + 1;
  const spans = new Map<string, Span>();
  let at = skipSpace(json, insertAt);
  const isEmpty = json[at] !== QUOTE;
  while (json[at] === QUOTE) {
    const nameEnd = endOfString(json, at);
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const end = endOfValue(json, start);
    const written = json.toString('utf8', at + 1, nameEnd - 1);
    const isEscaped = written.includes('\\');
    const name = isEscaped ? (JSON.parse(`"${written}"`) as string) : written;
    const exact = watched.get(fold(name));
    if (exact !== undefined) {
      if (isEscaped || exact !== name || spans.has(name)) return { kind: 'ambiguous', name };
      spans.set(name, { start, end });
    }
    at = skipSpace(json, end);
    if (json[at] === COMMA) at = skipSpace(json, at + 1);
  }
  return { kind: 'found', insertAt, isEmpty, spans };
}

/** The values of the array that starts at `from`. */
export function findElements(json: Buffer, from: number): Span[] {
  const spans: Span[] = [];
  let start = skipSpace(json, skipSpace(json, from) + 1);
  while (start < json.length && json[start] !== CLOSE_BRACKET) {
    const end = endOfValue(json, start);
    spans.push({ start, end });
    const next = skipSpace(json, end);
    if (json[next] !== COMMA) break;
    start = skipSpace(json, next + 1);
  }
  return spans;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** As Go folds names: also `ſ` is an s, and the Kelvin sign a k. */
export function fold(name: string): string {
  return name.toLowerCase().toUpperCase();
}

/** JSON's white space is the space and three control characters, all of them at most 0x20. */
export function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (at < json.length && (json[at] ?? 0) <= SPACE) at++;
  return at;
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

function endOfValue(json: Buffer, start: number): number {
  const first = json[start];
  if (first === QUOTE) return endOfString(json, start);
  return first === OPEN_BRACE || first === OPEN_BRACKET
    ? endOfNested(json, start)
    : endOfLiteral(json, start);
}

function endOfNested(json: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    at++;
  } while (depth > 0 && at < json.length);
  return at;
}

function endOfLiteral(json: Buffer, start: number): number {
  let at = start;
  for (; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= SPACE) break;
  }
  return at;
}
