/**
 * The files of a fine-tune on the machine that serves them. They stand under the digest of all of them, so that the same are
 * there once; what is there is whole, because a folder gets its name when all of it has been compared (N7).
 */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface MadeFile {
  /** A path without a way out. */
  readonly name: string;
  readonly sha256: string;
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** In which folder they are. */
export async function putFiles(home: string, files: readonly MadeFile[]): Promise<string> {
  const folder = join(home, digestOf(files));
  if (await isThere(folder)) return folder;
  const making = join(home, `.${randomUUID()}`);
  try {
    await mkdir(making, { recursive: true, mode: 0o700 });
    for (const file of files) await put(join(making, file.name), file);
    await rename(making, folder).catch(async (error: unknown) => {
      // Somebody else was as far a moment before.
      if (!(await isThere(folder))) throw error;
    });
    return folder;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

async function put(path: string, { name, sha256, read }: MadeFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform: (piece: Buffer, _, done) => {
      hash.update(piece);
      done(null, piece);
    },
  });
  await pipeline(
    Readable.from(read()),
    hashing,
    createWriteStream(path, { mode: 0o600, flags: 'wx' }),
  );
  if (hash.digest('hex') !== sha256) throw new Error(`${name} is not what the run has made`); // N7
}

/** As the run itself tells it. */
export function digestOf(files: readonly Pick<MadeFile, 'name' | 'sha256'>[]): string {
  const hash = createHash('sha256');
  for (const { sha256, name } of files) hash.update(`${sha256}  ${name}\n`);
  return hash.digest('hex');
}

const isThere = (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false,
  );
