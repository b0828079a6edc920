import { type KeyObject, randomBytes } from 'node:crypto';

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

/** Nothing is kept of it until it is answered, so that nobody fills the database by asking. */
export const writeChallenge = (challenge: Challenge, key: KeyObject): string =>
  signCompact(PREFIX, challenge, key);

/** Throws when it is not ours, for something else, or too old. */
export function readChallenge(
  text: string,
  of: { readonly purpose: Purpose; readonly key: KeyObject; readonly now: Date },
): Challenge {
  const verified = text.startsWith(`${PREFIX}.`)
    ? verifyCompact(PREFIX, text, of.key)
    : ({ kind: 'refused' } as const);
  const challenge = verified.kind === 'verified' ? (verified.payload as Challenge) : null;
  const isGood =
    challenge !== null &&
    challenge.purpose === of.purpose &&
    of.now.getTime() - challenge.madeMs < LIFETIME_MS;
  if (!isGood) throw stale();
  return challenge;
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
