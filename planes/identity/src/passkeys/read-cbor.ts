/**
 * What authenticators send in CBOR (RFC 8949): numbers, byte and text strings, arrays and maps of known
 * length, simple values. Anything else, and anything too deep, is refused: CTAP2 allows no more.
 */
export type Cbor =
  | number
  | string
  | boolean
  | null
  | Buffer
  | readonly Cbor[]
  | ReadonlyMap<number | string, Cbor>;

export const isCborMap = (value: Cbor | undefined): value is ReadonlyMap<number | string, Cbor> =>
  value instanceof Map;

const DEPTH_MAX = 8;

/** Null when the bytes do not begin with a value that we read. */
export function readCbor(bytes: Buffer): { readonly value: Cbor; readonly length: number } | null {
  const reader = new Reader(bytes);
  try {
    const value = reader.read(0);
    return { value, length: reader.at };
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

class Reader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(depth: number): Cbor {
    if (depth > DEPTH_MAX) throw new RangeError('too deep');
    const head = this.#bytes.readUInt8(this.at++);
    const major = head >> 5;
    const count = this.#count(head & 0x1f);
    switch (major) {
      case 0:
        return count;
      case 1:
        return -1 - count;
      case 2:
        return this.#take(count);
      case 3:
        return this.#take(count).toString('utf8');
      case 4:
        return Array.from({ length: this.#fits(count) }, () => this.read(depth + 1));
      case 5:
        return this.#map(this.#fits(count), depth);
      case 7:
        return simple(count);
      default:
        throw new RangeError('no tags');
    }
  }

  #map(count: number, depth: number): ReadonlyMap<number | string, Cbor> {
    const map = new Map<number | string, Cbor>();
    for (let index = 0; index < count; index += 1) {
      const key = this.read(depth + 1);
      if (typeof key !== 'number' && typeof key !== 'string') throw new RangeError('key');
      if (map.has(key)) throw new RangeError('a key twice');
      map.set(key, this.read(depth + 1));
    }
    return map;
  }

  #count(short: number): number {
    if (short < 24) return short;
    const bytes = { 24: 1, 25: 2, 26: 4 }[short];
    if (bytes === undefined) throw new RangeError('no such length');
    const value = this.#bytes.readUIntBE(this.at, bytes);
    this.at += bytes;
    return value;
  }

  /** Each item takes a byte at least. */
  #fits(count: number): number {
    if (count > this.#bytes.length - this.at) throw new RangeError('too short');
    return count;
  }

  #take(count: number): Buffer {
    const taken = this.#bytes.subarray(this.at, this.at + this.#fits(count));
    this.at += count;
    return taken;
  }
}

function simple(value: number): boolean | null {
  if (value === 20) return false;
  if (value === 21) return true;
  if (value === 22) return null;
  throw new RangeError('no such simple value');
}
