import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId, ProjectId } from '@sagewai/wire';

import type { Account } from '../accounts/account.ts';
import { insertAccount } from '../accounts/accounts.sql.ts';
import { setPassword } from '../accounts/passwords.sql.ts';
import { insertAssignment } from '../roles/role-assignments.sql.ts';

/** A local account with a password and its first role. Throws when the address has one already. */
export async function makeAccount(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly email: string;
    readonly name: string;
    readonly hash: string;
    readonly role: string;
    readonly projectId: ProjectId | null;
    readonly by: string;
  },
): Promise<Account> {
  const { orgId, email, name } = of;
  const account = await insertAccount(tx, {
    id: newId<AccountId>(),
    orgId,
    email,
    name,
    source: 'local',
    externalId: null,
  });
  if (account === null) {
    throw new Fault('resource.exists', 'the address has an account', {
      detail: 'There is an account with this e-mail address already.',
    });
  }
  await setPassword(tx, { orgId, accountId: account.id, hash: of.hash });
  await insertAssignment(tx, {
    id: newId(),
    orgId,
    projectId: of.projectId,
    subject: { kind: 'account', id: account.id },
    role: of.role,
    createdBy: of.by,
  });
  return account;
}
