import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import { isId, type Page } from '../organization.ts';
import { type Account, type AccountSource, normalizeEmail } from './account.ts';

// A function: a fragment is made anew for each statement that it is part of.
const columns = (): Statement<unknown> => sql`
  id, email, name, source, external_id as "externalId", active, created_at as "createdAt",
  last_login_at as "lastLoginAt", deactivated_at as "deactivatedAt"`;

export interface NewAccount {
  readonly id: AccountId;
  readonly orgId: OrganizationId;
  readonly email: string;
  readonly name: string;
  readonly source: AccountSource;
  readonly externalId: string | null;
}

/** Null when the organization has an account of this address, or of this external id, already. */
export async function insertAccount(tx: Tx, account: NewAccount): Promise<Account | null> {
  const { rows } = await sql<Account>`
    insert into account (id, org_id, email, name, source, external_id)
    values (${account.id}, ${account.orgId}, ${normalizeEmail(account.email)}, ${account.name},
            ${account.source}, ${account.externalId})
    on conflict do nothing
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function findAccount(
  tx: Executor,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: AccountId },
): Promise<Account | null> {
  const { rows } = await sql<Account>`
    select ${columns()} from account where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function findAccountByEmail(
  tx: Executor,
  { orgId, email }: { readonly orgId: OrganizationId; readonly email: string },
): Promise<Account | null> {
  const { rows } = await sql<Account>`
    select ${columns()} from account where org_id = ${orgId} and email = ${normalizeEmail(email)}
  `.execute(tx);
  return rows[0] ?? null;
}

/** By its address or its id. */
export function findAccountBy(
  tx: Executor,
  { orgId, emailOrId }: { readonly orgId: OrganizationId; readonly emailOrId: string },
): Promise<Account | null> {
  return isId(emailOrId)
    ? findAccount(tx, { orgId, id: emailOrId as AccountId })
    : findAccountByEmail(tx, { orgId, email: emailOrId });
}

export async function listAccounts(
  tx: Executor,
  { orgId, page }: { readonly orgId: OrganizationId; readonly page: Page },
): Promise<Account[]> {
  const { rows } = await sql<Account>`
    select ${columns()} from account
    where org_id = ${orgId}
      and (${page.cursor ?? null}::uuid is null or id > ${page.cursor ?? null}::uuid)
    order by id limit ${page.limit}
  `.execute(tx);
  return rows;
}

/**
 * Lets it do nothing more, or as before again. Saying it twice changes nothing. Null when there is none.
 * The database refuses it for the last owner (I11).
 */
export async function setActive(
  tx: Tx,
  { orgId, id, active }: { orgId: OrganizationId; id: AccountId; active: boolean },
): Promise<Account | null> {
  const { rows } = await sql<Account>`
    update account
    set active = ${active},
        deactivated_at = case when ${active} then null else coalesce(deactivated_at, app_now()) end
    where org_id = ${orgId} and id = ${id}
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function markLogin(
  tx: Tx,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: AccountId },
): Promise<void> {
  await sql`
    update account set last_login_at = app_now() where org_id = ${orgId} and id = ${id}
  `.execute(tx);
}
