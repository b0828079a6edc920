/** The archive's form: POSIX tar (ustar), which every machine can open without us. */

export interface Entry {
  readonly path: string;
  readonly data: Buffer;
}

const BLOCK = 512;
const NAME_MAX = 100;
const PREFIX_MAX = 155;
/** No piece of ours comes near; a length beyond it is not one that we wrote. */
const ENTRY_BYTES_MAX = 1 << 30;

/** The archive was not read as it was written; `where` names the piece. */
export class DamagedArchive extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'DamagedArchive';
  }
}

export function* writeEntry({ path, data }: Entry): Generator<Buffer> {
  yield headerOf(path, data.length);
  yield data;
  const rest = data.length % BLOCK;
  if (rest > 0) yield Buffer.alloc(BLOCK - rest);
}

export const endOfArchive = (): Buffer => Buffer.alloc(2 * BLOCK);

function headerOf(path: string, size: number): Buffer {
  const [prefix, name] = splitPath(path);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(prefix, 345);
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function splitPath(path: string): readonly [string, string] {
  if (path.length <= NAME_MAX) return ['', path];
  const cut = path.indexOf('/', path.length - NAME_MAX - 1);
  if (cut < 0 || cut > PREFIX_MAX) throw new TypeError(`${path} is too long for an archive`);
  return [path.slice(0, cut), path.slice(cut + 1)];
}

/** The sum of the header's bytes, its own field read as blanks. */
function checksumOf(header: Buffer): number {
  let sum = 0;
  for (const [at, byte] of header.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return sum;
}

/** One entry at a time; throws `DamagedArchive` at the first that is not whole. */
export async function* readEntries(bytes: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  const take = reader(bytes);
  let last = 'its beginning';
  try {
    for (;;) {
      const header = await take(BLOCK);
      if (header.every((byte) => byte === 0)) break;
      const wanted = Number.parseInt(text(header, 148, 6), 8);
      if (wanted !== checksumOf(header))
        throw new DamagedArchive('a header is not as it was written');
      const size = Number.parseInt(text(header, 124, 11), 8);
      if (!(size >= 0 && size <= ENTRY_BYTES_MAX))
        throw new DamagedArchive('a piece has no length');
      const prefix = text(header, 345, PREFIX_MAX);
      last = prefix === '' ? text(header, 0, NAME_MAX) : `${prefix}/${text(header, 0, NAME_MAX)}`;
      const data = await take(size);
      await take((BLOCK - (size % BLOCK)) % BLOCK);
      yield { path: last, data };
    }
    // To the end of the stream: only there is it checked by whatever packed it.
    for await (const _ of { [Symbol.asyncIterator]: () => take.rest() }) continue;
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    throw new DamagedArchive(
      `the archive is damaged at or after ${last}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

const isDamage = (error: unknown): boolean =>
  error instanceof DamagedArchive ||
  (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'));

const text = (header: Buffer, at: number, length: number): string => {
  const field = header.toString('latin1', at, at + length);
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
};

interface Take {
  (length: number): Promise<Buffer>;
  rest(): AsyncIterator<Buffer>;
}

function reader(bytes: AsyncIterable<Buffer>): Take {
  const source = bytes[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let length = 0;
  const take = async (wanted: number): Promise<Buffer> => {
    while (length < wanted) {
      const next = await source.next();
      if (next.done === true) throw new DamagedArchive('it ends too early');
      held.push(next.value);
      length += next.value.length;
    }
    const all = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
    held = [all.subarray(wanted)];
    length -= wanted;
    return all.subarray(0, wanted);
  };
  return Object.assign(take, { rest: () => source });
}
