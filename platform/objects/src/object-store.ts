/** Where bytes stand that are too large for a row. The invariants are in the README. */
export interface ObjectStore {
  readonly kind: 'files' | 's3';
  /** For people: the folder, or the bucket; without secrets. */
  readonly place: string;
  /** Returns when it is there to stay (O2). */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Null: there is no such object. */
  get(key: string): Promise<Buffer | null>;
  /** What is not there is as good as deleted. */
  delete(key: string): Promise<void>;
  /** Everything below a prefix (`a/b/`), a page at a time, in no promised order. */
  list(prefix: string): AsyncIterable<readonly FoundObject[]>;
  close(): Promise<void>;
}

export interface FoundObject {
  readonly key: string;
  /** By the clock that dated it (O4). */
  readonly ageMs: number;
}

const PART = '[a-z0-9][a-z0-9-]{0,127}';
const KEY = new RegExp(`^${PART}(?:/${PART}){0,7}$`);
const PREFIX = new RegExp(`^(?:${PART}/){1,7}$`);

/** O1. */
export function checkKey(key: string): string {
  if (!KEY.test(key)) throw new TypeError('that is no key of an object');
  return key;
}

export function checkPrefix(prefix: string): string {
  if (!PREFIX.test(prefix)) throw new TypeError('that is no prefix of keys');
  return prefix;
}
