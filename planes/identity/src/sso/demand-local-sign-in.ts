import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import { isOwnerByHand } from '../scim/access.sql.ts';
import { isSsoEnforced } from './connections.sql.ts';

/**
 * O5. Where sign-in at the provider is enforced, nobody signs in by what is kept here but owners, so that a
 * provider that is away, or a connection that is wrong, locks nobody out for good.
 */
export async function demandLocalSignIn(
  tx: Tx,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: AccountId },
): Promise<void> {
  if (!(await isSsoEnforced(tx, orgId))) return;
  if (await isOwnerByHand(tx, { orgId, accountId: id })) return;
  throw new Fault('caller.forbidden', `account ${id} has to sign in at its provider`, {
    detail: 'This organization signs in at its identity provider.',
  });
}
