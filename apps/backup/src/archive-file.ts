/** The file of a backup: packed, encrypted when there is a passphrase, and whole or not there. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

import { decrypt, encrypt, isEncrypted } from './encrypt.ts';
import { DamagedArchive, endOfArchive, type Entry, readEntries, writeEntry } from './tar.ts';

/** A folder gets a file that is named by the time. */
export async function nameFile(target: string, at: Date, isSecret: boolean): Promise<string> {
  const found = await stat(target).catch(() => null);
  if (found?.isDirectory() !== true) return target;
  const time = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return join(target, `sagewai-${time}Z.tar.gz${isSecret ? '.enc' : ''}`);
}

/** Written beside its place, and put there when it is on the disk. What is interrupted leaves nothing. */
export async function writeArchive(
  file: string,
  entries: AsyncIterable<Entry>,
  { passphrase, signal }: { readonly passphrase: string | null; readonly signal: AbortSignal },
): Promise<number> {
  const draft = `${file}.part`;
  const out = createWriteStream(draft, { mode: 0o600, flush: true });
  try {
    const packed = Readable.from(bytesOf(entries), { objectMode: false });
    // Level 3: half the time of the default for a few percent.
    const gzip = createGzip({ level: 3 });
    if (passphrase === null) await pipeline(packed, gzip, out, { signal });
    else
      await pipeline(
        packed,
        gzip,
        (bytes: AsyncIterable<Buffer>) => encrypt(bytes, passphrase),
        out,
        { signal },
      );
    const { size } = await stat(draft);
    await rename(draft, file);
    const folder = await open(dirname(file), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return size;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function* bytesOf(entries: AsyncIterable<Entry>): AsyncGenerator<Buffer> {
  for await (const entry of entries) yield* writeEntry(entry);
  yield endOfArchive();
}

async function readHead(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const head = Buffer.alloc(64);
    await handle.read(head, 0, head.length, 0);
    return head;
  } finally {
    await handle.close();
  }
}

export async function* readArchive(file: string, passphrase: string | null): AsyncGenerator<Entry> {
  const isSecret = isEncrypted(await readHead(file));
  if (isSecret && passphrase === null) {
    throw new DamagedArchive('the archive is encrypted: give its passphrase (--passphrase-file)');
  }
  const raw = createReadStream(file);
  const packed = isSecret && passphrase !== null ? Readable.from(decrypt(raw, passphrase)) : raw;
  const gunzip = createGunzip();
  // Its errors come out of the loop below.
  const flow = pipeline(packed, gunzip).catch(() => undefined);
  try {
    yield* readEntries(gunzip);
  } finally {
    gunzip.destroy();
    raw.destroy();
    await flow;
  }
}
