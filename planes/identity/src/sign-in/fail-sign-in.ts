import { Fault } from '@sagewai/fault';
import { type Db, inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type { AccountId, OrganizationId } from '@sagewai/wire';

/** The one answer, whatever was wrong: the address, the password, or that the account is shut out (A3). */
export const WRONG = 'The e-mail address or the password is wrong.';

/**
 * Records in the organization's chain that somebody did not get in. What was typed is not recorded: people
 * type passwords into the wrong field.
 */
export async function failSignIn(
  db: Db,
  of: {
    readonly orgId: OrganizationId;
    readonly accountId: AccountId | null;
    readonly why: string;
    readonly request: { readonly id: string; readonly ip: string };
    readonly detail?: string;
  },
): Promise<never> {
  const { orgId, accountId, why, request } = of;
  await inTenant(db, [orgId], (tx) =>
    appendAudit(tx, {
      orgId,
      actor: 'anonymous',
      action: 'identity.signInFailed',
      subject: accountId === null ? 'account:unknown' : `account:${accountId}`,
      outcome: 'caller.unknown',
      requestId: request.id,
      details: { why, address: request.ip },
    }),
  );
  throw new Fault('caller.unknown', `sign-in failed: ${why}`, { detail: of.detail ?? WRONG });
}
