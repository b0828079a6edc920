/**
 * A backup that a passphrase opens: scrypt, then AES-256-GCM in frames, so that neither side holds more than
 * a frame. The number of a frame is its nonce, and the last one says that it is the last: frames cannot be
 * moved, left out or cut off unseen. The key is this file's alone, by its salt.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';

import { DamagedArchive } from './tar.ts';

const MAGIC = Buffer.from('SAGEWAI-BACKUP-1\n');
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const FRAME_BYTES = 64 * 1024;
/** About a quarter of a second and 128 MiB for each guess. */
const SCRYPT = { N: 1 << 17, r: 8, p: 1, maxmem: 256 << 20 } as const;

const keyOf = (passphrase: string, salt: Buffer): Buffer =>
  scryptSync(passphrase.normalize('NFKC'), salt, 32, SCRYPT);

export async function* encrypt(
  bytes: AsyncIterable<Buffer>,
  passphrase: string,
): AsyncGenerator<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const key = keyOf(passphrase, salt);
  yield Buffer.concat([MAGIC, salt]);
  let number = 0;
  for await (const { data, isLast } of inFrames(bytes, FRAME_BYTES)) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number));
    cipher.setAAD(Buffer.from([isLast ? 1 : 0]));
    yield Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]);
    number += 1;
  }
}

export async function* decrypt(
  bytes: AsyncIterable<Buffer>,
  passphrase: string,
): AsyncGenerator<Buffer> {
  const source = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < MAGIC.length + SALT_BYTES) {
    const next = await source.next();
    if (next.done === true) throw new DamagedArchive('the archive ends within its first bytes');
    head = Buffer.concat([head, next.value]);
  }
  const start = MAGIC.length + SALT_BYTES;
  const key = keyOf(passphrase, head.subarray(MAGIC.length, start));
  const first = head.subarray(start);
  async function* rest(): AsyncGenerator<Buffer> {
    yield first;
    yield* { [Symbol.asyncIterator]: () => source };
  }
  let number = 0;
  for await (const { data, isLast } of inFrames(rest(), FRAME_BYTES + TAG_BYTES)) {
    yield openFrame(key, { data, isLast, number });
    number += 1;
  }
}

export const isEncrypted = (head: Buffer): boolean => head.subarray(0, MAGIC.length).equals(MAGIC);

interface Frame {
  readonly data: Buffer;
  readonly isLast: boolean;
}

function openFrame(key: Buffer, { data, isLast, number }: Frame & { number: number }): Buffer {
  if (data.length < TAG_BYTES) throw new DamagedArchive(whyNot(number));
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from([isLast ? 1 : 0]));
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new DamagedArchive(whyNot(number), { cause });
  }
}

const whyNot = (number: number): string =>
  number === 0
    ? 'the passphrase does not open the archive, or its first bytes were changed'
    : `the archive is damaged or cut off at byte ${MAGIC.length + SALT_BYTES + number * (FRAME_BYTES + TAG_BYTES)} or later`;

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}

/** Pieces of one length; the last, and only the last, may be shorter. */
async function* inFrames(bytes: AsyncIterable<Buffer>, size: number): AsyncGenerator<Frame> {
  let held = Buffer.alloc(0);
  for await (const chunk of bytes) {
    held = Buffer.concat([held, chunk]);
    // One byte more must be there: else this may be the last.
    while (held.length > size) {
      yield { data: held.subarray(0, size), isLast: false };
      held = held.subarray(size);
    }
  }
  yield { data: held, isLast: true };
}
