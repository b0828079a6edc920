import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * The passwords that are tried first, as a Bloom filter: nobody reads the passwords out of it, and it is
 * small. One text in about a hundred thousand that is not among them is taken for one.
 * The one that ships is made of the list of 20,000 that Django carries (its licence is in NOTICE);
 * `UPDATE_COMMON_PASSWORDS=list.txt npm test -- --project unit planes/identity/src/accounts` makes it anew.
 */
const HASHES = 16;

let filter: Buffer | undefined;

export function isCommonPassword(text: string): boolean {
  filter ??= readFileSync(new URL('common-passwords.bin', import.meta.url));
  return placesOf(text, filter.length * 8).every((at) => hasBit(filter as Buffer, at));
}

/** The filter of these texts, with 24 bits for each. */
export function makeFilter(texts: readonly string[]): Buffer {
  const made = Buffer.alloc(Math.ceil((texts.length * 24) / 8));
  for (const at of texts.flatMap((text) => placesOf(text, made.length * 8))) {
    made[at >> 3] = (made[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return made;
}

/** Two halves of one digest stand for as many hashes as are wanted (Kirsch and Mitzenmacher, 2006). */
function placesOf(text: string, bits: number): number[] {
  const digest = hash('sha256', text, 'buffer');
  const first = digest.readUInt32LE(0);
  const second = (digest.readUInt32LE(4) | 1) >>> 0;
  return Array.from({ length: HASHES }, (_, index) => (first + index * second) % bits);
}

const hasBit = (bytes: Buffer, at: number): boolean =>
  ((bytes[at >> 3] ?? 0) & (1 << (at & 7))) > 0;
