import { hashToken, matchTotp, open } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import { lockTotp, noteTotpStep, useRecoveryCode } from '../accounts/totp.sql.ts';
import type { SignInParts } from './sign-in.ts';

type Matched = 'totp' | 'recovery' | 'wrong';

interface Owner {
  readonly orgId: OrganizationId;
  readonly accountId: AccountId;
}

/** Whether the code is one of its app, or a recovery code; it is used up in this transaction (A4). */
export async function useCode(
  tx: Tx,
  { orgId, accountId, code }: Owner & { readonly code: string },
  { totpKeys, clock }: Pick<SignInParts, 'totpKeys' | 'clock'>,
): Promise<Matched> {
  const typed = code.replaceAll(/[\s-]/g, '').toUpperCase();
  if (!/^\d{6}$/.test(typed)) {
    const used = await useRecoveryCode(tx, { accountId, hash: hashRecoveryCode(typed) });
    return used ? 'recovery' : 'wrong';
  }
  const kept = await lockTotp(tx, accountId);
  if (kept?.confirmedAt == null) return 'wrong';
  const secret = open(totpKeys, kept.sealedSecret, totpContext({ orgId, accountId }));
  if (secret.kind === 'refused')
    throw new Error(`the secret of account ${accountId} does not open`);
  const match = matchTotp(secret.data, typed, { now: clock.now(), lastStep: kept.lastStep });
  if (match.kind === 'wrong') return 'wrong';
  await noteTotpStep(tx, { accountId, step: match.step });
  return 'totp';
}

/** A sealed secret opens for this account alone. */
export const totpContext = ({ orgId, accountId }: Owner): string => `totp/${orgId}/${accountId}`;

/** Of 80 random bits, so a slow hash would protect nothing. */
export const hashRecoveryCode = (code: string): Buffer => hashToken(`recovery ${code}`);
