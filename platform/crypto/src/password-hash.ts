import { argon2, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

import { sameBytes } from './tokens.ts';

/**
 * Passwords at rest: argon2id (RFC 9106), written as `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, so that each
 * text says with what it was made and can be replaced by a stronger one when its owner signs in.
 */
export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
}

export type PasswordMatch =
  /** `isOutdated`: made at another cost than the present one. */
  { readonly kind: 'right'; readonly isOutdated: boolean } | { readonly kind: 'wrong' };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const LANES = 1;
const FORM = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z\d+/]+)\$([A-Za-z\d+/]+)$/;

const derive = promisify(argon2);

/** `pepper` is a key that is not where the hashes are: who has only those cannot guess at them. */
export async function hashPassword(
  password: string,
  { cost, pepper }: { readonly cost: PasswordCost; readonly pepper: KeyObject },
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const { memoryKib, passes } = cost;
  const hash = await compute(password, { salt, memoryKib, passes, lanes: LANES, pepper });
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${LANES}$${bare(salt)}$${bare(hash)}`;
}

/** At whatever cost the text says; a text that is not ours matches nothing. */
export async function matchPassword(
  password: string,
  hashed: string,
  { cost, pepper }: { readonly cost: PasswordCost; readonly pepper: KeyObject },
): Promise<PasswordMatch> {
  const [, memory, time, lanes, salt = '', hash = ''] = FORM.exec(hashed) ?? [];
  if (memory === undefined) return { kind: 'wrong' };
  const made = { memoryKib: Number(memory), passes: Number(time), lanes: Number(lanes) };
  const computed = await compute(password, { ...made, salt: Buffer.from(salt, 'base64'), pepper });
  if (!sameBytes(computed, Buffer.from(hash, 'base64'))) return { kind: 'wrong' };
  const isOutdated = made.memoryKib !== cost.memoryKib || made.passes !== cost.passes;
  return { kind: 'right', isOutdated };
}

interface Computation {
  readonly salt: Buffer;
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  readonly pepper: KeyObject;
}

function compute(password: string, of: Computation): Promise<Buffer> {
  return derive('argon2id', {
    // One spelling for what keyboards write in several.
    message: Buffer.from(password.normalize('NFC')),
    nonce: of.salt,
    memory: of.memoryKib,
    passes: of.passes,
    parallelism: of.lanes,
    tagLength: HASH_BYTES,
    secret: of.pepper.export(),
  });
}

const bare = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
