import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type HpkeKeyPair, makeHpkeKeyPair, readSealKeyPem, sealKeyPem } from '@sagewai/seal';

/** The private key in a file. Throws an error that names the file and what is wrong with it. */
export async function readSealKey(file: string): Promise<HpkeKeyPair> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Error(`${file}: ${why}`, { cause });
  }
  const isOpen = process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0;
  if (isOpen) throw new Error(`${file}: others may read it: chmod 600 ${file}`);
  const pair = readSealKeyPem(pem);
  if (pair === null) throw new Error(`${file}: expected an X25519 private key in PEM`);
  return pair;
}

/** A new key in a file that only its owner can read. A file that is there is left alone. */
export async function makeSealKey(file: string): Promise<HpkeKeyPair> {
  const pair = makeHpkeKeyPair();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, sealKeyPem(pair), { mode: 0o600, flag: 'wx' });
  await chmod(file, 0o600);
  return pair;
}
