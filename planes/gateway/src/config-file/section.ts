import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type YAMLMap,
} from 'yaml';

import { readUsdPerToken } from '../money/read-rate.ts';

/** Reads `os.environ/NAME`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A thing that the file says, and where; never its value, since any value may be a key. */
export interface Notice {
  readonly line: number;
  readonly path: string;
  readonly what: string;
}

export interface Reading {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly env: Environment;
  readonly readFile: ((path: string) => string | undefined) | undefined;
  /** The file is refused for these. */
  readonly mistakes: Notice[];
  /** The file works, but not as its author may think. */
  readonly notices: Notice[];
}

export type Resolved =
  | { readonly kind: 'known'; readonly value: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unset'; readonly name: string };

const ENVIRONMENT = /^os\.environ\/(.+)$/;

/** A map of the file, read by path; knows what nobody has read, and where everything stands. */
export class Section {
  readonly path: string;
  readonly #node: unknown;
  readonly #of: Reading;
  readonly #read = new Set<string>();

  constructor(node: unknown, path: string, of: Reading) {
    this.#node = node;
    this.path = path;
    this.#of = of;
  }

  mistake(path: string, what: string): void {
    this.#of.mistakes.push(this.#at(path, what));
  }

  notice(path: string, what: string): void {
    this.#of.notices.push(this.#at(path, what));
  }

  /** Tells of everything that was not read. */
  noticeUnread(what = 'is not used here'): void {
    for (const leaf of this.#leaves(this.#node)) {
      const isRead = [...this.#read].some((path) => leaf === path || leaf.startsWith(`${path}.`));
      if (!isRead) this.notice(leaf, what);
    }
  }

  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  /** A node as it stands, for what is no scalar. */
  node(path: string): Node | undefined {
    this.#read.add(path);
    return this.#find(path) as Node | undefined;
  }

  /** The scalar as it stands in the file. */
  text(path: string): string | undefined {
    const node = this.#find(path);
    if (!isMap(node)) this.#read.add(path);
    if (!isScalar(node) || node.value === null || node.value === '') return undefined;
    return node.source ?? scalarText(node.value);
  }

  /** A value that may stand in the environment. */
  resolve(path: string): Resolved {
    const text = this.text(path);
    if (text === undefined) return { kind: 'absent' };
    const name = ENVIRONMENT.exec(text)?.[1];
    if (name === undefined) return { kind: 'known', value: text };
    const value = this.#of.env[name];
    return value === undefined || value === '' ? { kind: 'unset', name } : { kind: 'known', value };
  }

  /** A variable that is looked for without being named. */
  environment(name: string): string | undefined {
    return this.#of.env[name] || undefined;
  }

  /** Undefined where there is no such file, or where none may be named. */
  readFile(path: string): string | undefined {
    return this.#of.readFile?.(path);
  }

  rate(path: string): bigint | undefined {
    const text = this.text(path);
    if (text === undefined) return undefined;
    const rate = readUsdPerToken(text);
    if (rate.kind === 'exact') return rate.value;
    const isFine = rate.kind !== 'invalid';
    this.mistake(
      path,
      isFine
        ? 'finer than a pico-dollar (0.000000000001)'
        : 'expected US dollars a token, like 0.0000025',
    );
    return undefined;
  }

  count(path: string, of: { readonly what: string; readonly min?: number }): number | undefined {
    const text = this.#plain(path);
    if (text === undefined) return undefined;
    const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= (of.min ?? 1)) return count;
    this.mistake(path, `expected ${of.what}`);
    return undefined;
  }

  /** Seconds, as the file has them, in milliseconds. */
  seconds(path: string): number | undefined {
    const text = this.#plain(path);
    if (text === undefined) return undefined;
    if (/^\d{1,7}(\.\d{1,6})?$/.test(text)) return Math.ceil(Number(text) * 1_000);
    this.mistake(path, 'expected seconds');
    return undefined;
  }

  flag(path: string): boolean | undefined {
    const text = this.#plain(path)?.toLowerCase();
    if (text === undefined) return undefined;
    if (text === 'true' || text === 'false') return text === 'true';
    this.mistake(path, 'expected true or false');
    return undefined;
  }

  /** The names of a list, or undefined when it is none. */
  names(path: string): string[] | undefined {
    const node = this.node(path);
    if (node === undefined) return undefined;
    const names = namesOf(node);
    if (names === undefined) this.mistake(path, 'expected a list of model names');
    return names;
  }

  /** The items of a list, each a section of its own. */
  items(path: string): Section[] | undefined {
    const node = this.node(path);
    if (!isSeq(node)) return undefined;
    return node.items.map(
      (item, index) =>
        new Section(this.#resolved(item), `${this.#under(path)}[${index}]`, this.#of),
    );
  }

  /** The names in a map, which do not count as read by that; undefined when it is no map. */
  keys(path = ''): string[] | undefined {
    const map = path === '' ? this.#node : this.#get(this.#node, path);
    return isMap(map) ? keysOf(map) : undefined;
  }

  /** A scalar that stands here or in the environment; one that is not set is as if it were not there. */
  #plain(path: string): string | undefined {
    const found = this.resolve(path);
    if (found.kind === 'unset') this.notice(path, `${found.name} is not set; it is left out`);
    return found.kind === 'known' ? found.value.trim() : undefined;
  }

  #under(path: string): string {
    return this.path === '' ? path : path === '' ? this.path : `${this.path}.${path}`;
  }

  #at(path: string, what: string): Notice {
    let offset: number | undefined = rangeOf(this.#node);
    let node: unknown = this.#node;
    for (const key of this.#keysOf(path)) {
      const pair = isMap(node) ? node.items.find((each) => keyOf(each.key) === key) : undefined;
      offset = rangeOf(pair?.key) ?? offset;
      node = this.#get(node, key);
    }
    return { line: this.#of.lines.linePos(offset ?? 0).line, path: this.#under(path), what };
  }

  #find(path: string): unknown {
    let node: unknown = this.#node;
    for (const key of this.#keysOf(path)) node = this.#get(node, key);
    return node;
  }

  /** The keys of a path: a key may have dots, as names of models do, so the longest that is there counts. */
  #keysOf(path: string): string[] {
    const keys: string[] = [];
    let node: unknown = this.#node;
    for (let rest = path; rest !== '';) {
      const words = rest.split('.');
      let key = words[0] ?? '';
      for (let n = words.length; n > 1; n--) {
        const longer = words.slice(0, n).join('.');
        if (this.#get(node, longer) === undefined) continue;
        key = longer;
        break;
      }
      keys.push(key);
      node = this.#get(node, key);
      rest = rest.slice(key.length + 1);
    }
    return keys;
  }

  #get(map: unknown, key: string): unknown {
    if (!isMap(map)) return undefined;
    const own = map.items.find((pair) => keyOf(pair.key) === key);
    if (own !== undefined) return this.#resolved(own.value);
    const merged = this.#resolved(map.items.find((pair) => keyOf(pair.key) === '<<')?.value);
    for (const each of isSeq(merged) ? merged.items : [merged]) {
      const found = this.#get(this.#resolved(each), key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #resolved(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#of.document) : (node ?? undefined);
  }

  #leaves(node: unknown): string[] {
    if (!isMap(node)) return [];
    return keysOf(node).flatMap((key) => {
      const below = this.#get(node, key);
      return isMap(below) && below.items.length > 0
        ? this.#leaves(below).map((leaf) => `${key}.${leaf}`)
        : [key];
    });
  }
}

/** The names of a list, or of one that stands alone. */
export function namesOf(node: unknown): string[] | undefined {
  if (!isSeq(node)) return undefined;
  const names = node.items.flatMap((item) =>
    isScalar(item) && typeof item.value === 'string' && item.value !== '' ? [item.value] : [],
  );
  return names.length === node.items.length ? names : undefined;
}

/** Of a node that was made, and not read. */
const scalarText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

function keysOf(map: YAMLMap): string[] {
  return map.items.flatMap(({ key }) => {
    const name = keyOf(key);
    return name === undefined || name === '<<' ? [] : [name];
  });
}

const keyOf = (key: unknown): string | undefined => (isScalar(key) ? String(key.value) : undefined);

const rangeOf = (node: unknown): number | undefined =>
  (node as { range?: readonly number[] | null } | undefined)?.range?.[0];

/** One line of text about it: where first, so that it is found. */
export const noticeText = ({ line, path, what }: Notice): string =>
  path === '' ? `line ${line}: ${what}` : `line ${line}: ${path}: ${what}`;
