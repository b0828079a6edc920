import { createHmac, type KeyObject } from 'node:crypto';

import { Fault } from '@sagewai/fault';
import type { Executor } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { type Attempts, countAttempt, forgetAttempts } from './attempts.sql.ts';
import {
  decideThrottle,
  type Throttle as Decision,
  type ThrottleLimits,
  type Tried,
} from './decide-throttle.ts';

export interface Attempt {
  readonly orgId: OrganizationId;
  /** What was typed, or the account's own: the same key for both. */
  readonly email: string;
  readonly address: string;
}

/** Counts attempts to sign in, for all replicas (A3). What is counted says nothing of whom. */
export interface Throttle {
  /** Throws `rate.exceeded` when the attempt is not looked at. */
  admit(attempt: Attempt): Promise<void>;
  /** The same where nobody is named: by the address alone, in an organization or in none that there is. */
  admitAddress(attempt: Pick<Attempt, 'orgId' | 'address'>): Promise<void>;
  /** Whoever got in starts anew. */
  clear(db: Executor, attempt: Attempt): Promise<void>;
}

export function createThrottle(of: {
  readonly db: Executor;
  readonly key: KeyObject;
  readonly limits: ThrottleLimits;
}): Throttle {
  const { db, key, limits } = of;
  const subject = (kind: string, { orgId }: Pick<Attempt, 'orgId'>, who: string): Buffer =>
    createHmac('sha256', key).update(`${kind} ${orgId} ${who}`).digest();
  const accountOf = (attempt: Attempt): Buffer => subject('account', attempt, attempt.email);

  return {
    admit: async (attempt) => {
      const account = accountOf(attempt);
      const address = subject('address', attempt, attempt.address);
      const counted = await countAttempt(db, {
        subjects: [account, address],
        windowMs: limits.windowMs,
      });
      const decision = decideThrottle(
        { account: triedOf(counted, account), address: triedOf(counted, address) },
        limits,
      );
      demandGo(decision, 'Too many attempts to sign in. Wait, or sign in with a passkey.');
    },
    admitAddress: async (attempt) => {
      const address = subject('address', attempt, attempt.address);
      const counted = await countAttempt(db, { subjects: [address], windowMs: limits.windowMs });
      const tried = triedOf(counted, address);
      const decision = decideThrottle(
        { account: { attempts: 0, leftMs: 1 }, address: tried },
        limits,
      );
      demandGo(decision, 'Too many attempts to sign in from your address. Wait.');
    },
    clear: (executor, attempt) => forgetAttempts(executor, accountOf(attempt)),
  };
}

function demandGo(decision: Decision, detail: string): void {
  if (decision.kind === 'go') return;
  const { retryAfterMs } = decision;
  throw new Fault('rate.exceeded', 'too many attempts to sign in', { detail, retryAfterMs });
}

function triedOf(counted: readonly Attempts[], subject: Buffer): Tried {
  const row = counted.find((each) => each.subject.equals(subject));
  if (!row) throw new Error('an attempt was not counted');
  return { attempts: row.attempts, leftMs: Math.max(1, row.leftMs) };
}
