/**
 * Filters and paths of SCIM (RFC 7644, figures 1 and 7): the whole grammar. `not` binds closest, then
 * `and`, then `or`. What goes in is bounded in length and depth, so that nothing sent can exhaust the stack.
 */
import {
  type AttributePath,
  COMPARE_OPERATORS,
  type CompareOperator,
  type CompareValue,
  type Filter,
  refused,
  type Refused,
} from './filter.ts';

export type ParsedFilter = { readonly kind: 'filter'; readonly filter: Filter } | Refused;

/** Where an operation of PATCH points to: an attribute, or values of it, or a part of those. */
export interface PatchPath {
  readonly attribute: AttributePath;
  /** Which values of a multi-valued attribute; null: all. */
  readonly filter: Filter | null;
}
export type ParsedPath = { readonly kind: 'path'; readonly path: PatchPath } | Refused;

const LENGTH_MAX = 8_000;
const DEPTH_MAX = 50;

/** A name, with its schema before it: the last colon ends the schema, which has dots of its own. */
const PATH = /^(?:(urn:[\w.:-]+):)?([a-z$][\w$-]*)(?:\.([a-z$][\w$-]*))?/i;
const TEXT = /^"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-f]{4}))*"/iu;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?/i;
const WORD = /^[a-z]+/i;

export function parseFilter(text: string): ParsedFilter {
  if (text.length > LENGTH_MAX) return refused('invalidFilter', 'The filter is too long.');
  const reader = new Reader(text);
  const filter = readOr(reader, 0);
  reader.skipBlanks();
  if (filter === null || !reader.isDone) {
    return refused('invalidFilter', `The filter cannot be read at character ${reader.at + 1}.`);
  }
  return { kind: 'filter', filter };
}

/** `members`, `name.givenName`, `emails[type eq "work"]`, `emails[type eq "work"].value`. */
export function parsePath(text: string): ParsedPath {
  const wrong = (): Refused => refused('invalidPath', `The path ${quote(text)} cannot be read.`);
  if (text.length > LENGTH_MAX) return refused('invalidPath', 'The path is too long.');
  const reader = new Reader(text.trim());
  const attribute = readPath(reader);
  if (attribute === null) return wrong();
  if (!reader.take('[')) {
    return reader.isDone ? { kind: 'path', path: { attribute, filter: null } } : wrong();
  }
  const filter = readOr(reader, 0);
  reader.skipBlanks();
  if (filter === null || !reader.take(']') || attribute.sub !== null) return wrong();
  const [whole, sub = null] = /^\.([a-z$][\w$-]*)/i.exec(reader.rest) ?? [''];
  reader.skip(whole.length);
  return reader.isDone
    ? { kind: 'path', path: { attribute: { ...attribute, sub }, filter } }
    : wrong();
}

function readOr(reader: Reader, depth: number): Filter | null {
  let left = readAnd(reader, depth);
  while (left !== null && reader.takeWord('or')) {
    const right = readAnd(reader, depth);
    left = right && { kind: 'or', left, right };
  }
  return left;
}

function readAnd(reader: Reader, depth: number): Filter | null {
  let left = readOne(reader, depth);
  while (left !== null && reader.takeWord('and')) {
    const right = readOne(reader, depth);
    left = right && { kind: 'and', left, right };
  }
  return left;
}

function readOne(reader: Reader, depth: number): Filter | null {
  if (depth > DEPTH_MAX) return null;
  reader.skipBlanks();
  if (reader.take('(')) return readClosed(reader, depth, ')');
  if (/^not\s*\(/i.test(reader.rest)) {
    reader.takeWord('not');
    reader.skipBlanks();
    reader.take('(');
    const filter = readClosed(reader, depth, ')');
    return filter && { kind: 'not', filter };
  }
  const path = readPath(reader);
  if (path === null) return null;
  if (reader.take('[')) {
    const filter = readClosed(reader, depth, ']');
    return filter && { kind: 'some', path, filter };
  }
  return readComparison(reader, path);
}

function readClosed(reader: Reader, depth: number, end: string): Filter | null {
  const filter = readOr(reader, depth + 1);
  reader.skipBlanks();
  return filter !== null && reader.take(end) ? filter : null;
}

function readComparison(reader: Reader, path: AttributePath): Filter | null {
  if (!reader.skipBlanks()) return null;
  const word = reader.match(WORD)?.toLowerCase();
  if (word === 'pr') return { kind: 'present', path };
  const operator = COMPARE_OPERATORS.find((each): each is CompareOperator => each === word);
  if (operator === undefined || !reader.skipBlanks()) return null;
  const value = readValue(reader);
  return value === undefined ? null : { kind: 'compare', path, operator, value };
}

function readValue(reader: Reader): CompareValue | undefined {
  const text = reader.match(TEXT);
  if (text !== null) return JSON.parse(text) as string;
  const number = reader.match(NUMBER);
  if (number !== null) return Number(number);
  const word = reader.match(WORD)?.toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  return word === 'null' ? null : undefined;
}

function readPath(reader: Reader): AttributePath | null {
  const found = PATH.exec(reader.rest);
  if (found === null) return null;
  const [whole, schema = null, name = '', sub = null] = found;
  reader.skip(whole.length);
  return { schema, name, sub };
}

class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get rest(): string {
    return this.#text.slice(this.at);
  }

  get isDone(): boolean {
    return this.at >= this.#text.length;
  }

  skip(letters: number): void {
    this.at += letters;
  }

  /** Whether there were any. */
  skipBlanks(): boolean {
    return this.match(/^\s+/) !== null;
  }

  take(letter: string): boolean {
    const isNext = this.#text.startsWith(letter, this.at);
    if (isNext) this.at += letter.length;
    return isNext;
  }

  /** A word of the grammar, with blanks before it and something else than a letter after it. */
  takeWord(word: string): boolean {
    return this.match(new RegExp(`^\\s*${word}(?![\\w$:.-])`, 'i')) !== null;
  }

  match(pattern: RegExp): string | null {
    const [found = null] = pattern.exec(this.rest) ?? [];
    this.at += found?.length ?? 0;
    return found;
  }
}

export const quote = (text: string): string => JSON.stringify(text.slice(0, 200));
