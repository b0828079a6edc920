import { hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

import { hashToken, signCompact, verifyCompact } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import { spendChallenge } from './challenges.sql.ts';

/** What a challenge is for: it answers nothing else (A5). */
type Purpose =
  /** The password was right; a second factor is missing. */
  'second-factor' | 'passkey-sign-in' | 'passkey-add';

export interface Challenge {
  readonly purpose: Purpose;
  readonly orgId: OrganizationId;
  /** Null: whoever has a passkey. */
  readonly accountId: AccountId | null;
  /** What is signed by a passkey, base64url. */
  readonly nonce: string;
  readonly madeMs: number;
}

const PREFIX = 'sic';
const LIFETIME_MS = 5 * 60_000;

export const makeChallenge = (of: Omit<Challenge, 'nonce' | 'madeMs'>, now: Date): Challenge => ({
  ...of,
  nonce: randomBytes(32).toString('base64url'),
  madeMs: now.getTime(),
});

/**
 * Nothing is kept of it until it is answered, so that nobody fills the database by asking. Whose it is cannot
 * be read from it: whether there is an organization of a name is told to nobody (A3).
 */
export function writeChallenge({ orgId, accountId, ...open }: Challenge, key: KeyObject): string {
  const whose = Buffer.from(JSON.stringify([orgId, accountId]));
  const hidden = mask(whose, open.nonce, key).toString('base64url');
  return signCompact(PREFIX, { ...open, hidden }, key);
}

/** With a stream that belongs to this nonce alone; a second time, it is what it was. */
function mask(bytes: Buffer, nonce: string, key: KeyObject): Buffer {
  const stream = Buffer.from(hkdfSync('sha256', key, nonce, 'challenge', bytes.length));
  return Buffer.from(bytes.map((byte, at) => byte ^ stream.readUInt8(at)));
}

interface Written extends Omit<Challenge, 'orgId' | 'accountId'> {
  readonly hidden: string;
}

function reveal({ hidden, ...open }: Written, key: KeyObject): Challenge {
  const whose = mask(Buffer.from(hidden, 'base64url'), open.nonce, key).toString();
  const [orgId, accountId] = JSON.parse(whose) as [OrganizationId, AccountId | null];
  return { ...open, orgId, accountId };
}

/** Throws when it is not ours, for something else, or too old. */
export function readChallenge(
  text: string,
  of: { readonly purpose: Purpose; readonly key: KeyObject; readonly now: Date },
): Challenge {
  const verified = text.startsWith(`${PREFIX}.`)
    ? verifyCompact(PREFIX, text, of.key)
    : ({ kind: 'refused' } as const);
  const written = verified.kind === 'verified' ? (verified.payload as Written) : null;
  const isGood =
    written !== null &&
    written.purpose === of.purpose &&
    of.now.getTime() - written.madeMs < LIFETIME_MS;
  if (!isGood) throw stale();
  return reveal(written, of.key);
}

/** Throws when it was answered before (A5). */
export async function spend(tx: Tx, challenge: Challenge): Promise<void> {
  const isFirst = await spendChallenge(tx, {
    orgId: challenge.orgId,
    hash: hashToken(challenge.nonce),
    expiresAt: new Date(challenge.madeMs + 2 * LIFETIME_MS),
  });
  if (!isFirst) throw stale();
}

const stale = (): Fault =>
  new Fault('caller.unknown', 'the challenge is not good, or no longer', {
    detail: 'That took too long, or was answered before. Begin again.',
  });
