import type { Executor } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { findAccount } from '../accounts/accounts.sql.ts';
import type { Subject } from './grants.ts';
import { findServiceAccount } from './service-accounts.sql.ts';

/** How a subject is written for people to recognise: an address, or a name. */
export async function nameSubject(
  tx: Executor,
  orgId: OrganizationId,
  { kind, id }: Subject,
): Promise<string> {
  if (kind === 'account') return (await findAccount(tx, { orgId, id }))?.email ?? id;
  const nameOrId = id;
  return (await findServiceAccount(tx, { orgId, nameOrId }))?.name ?? id;
}
