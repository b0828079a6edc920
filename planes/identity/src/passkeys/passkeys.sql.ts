import { sql, type Statement, type Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

export type PasskeyId = string & { readonly __id: 'passkey' };

export interface Passkey {
  readonly id: PasskeyId;
  readonly accountId: AccountId;
  readonly name: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly signCount: number;
  readonly isBackedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

const columns = (): Statement<unknown> => sql`
  id, account_id as "accountId", name, credential_id as "credentialId", public_key as "publicKey",
  sign_count::float8 as "signCount", is_backed_up as "isBackedUp", created_at as "createdAt",
  last_used_at as "lastUsedAt"`;

/** Null when the organization knows this authenticator already. */
export async function insertPasskey(
  tx: Tx,
  of: Omit<Passkey, 'createdAt' | 'lastUsedAt'> & { readonly orgId: OrganizationId },
): Promise<Passkey | null> {
  const { rows } = await sql<Passkey>`
    insert into account_passkey
      (id, org_id, account_id, name, credential_id, public_key, sign_count, is_backed_up)
    values (${of.id}, ${of.orgId}, ${of.accountId}, ${of.name}, ${of.credentialId}, ${of.publicKey},
            ${of.signCount}, ${of.isBackedUp})
    on conflict (org_id, credential_id) do nothing
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function listPasskeys(tx: Tx, accountId: AccountId): Promise<Passkey[]> {
  const { rows } = await sql<Passkey>`
    select ${columns()} from account_passkey where account_id = ${accountId} order by id
  `.execute(tx);
  return rows;
}

/** Locks it, so that its counter is compared and raised by one at a time. */
export async function lockPasskey(tx: Tx, credentialId: Buffer): Promise<Passkey | null> {
  const { rows } = await sql<Passkey>`
    select ${columns()} from account_passkey where credential_id = ${credentialId} for update
  `.execute(tx);
  return rows[0] ?? null;
}

export async function notePasskeyUse(
  tx: Tx,
  of: Pick<Passkey, 'id' | 'signCount' | 'isBackedUp'>,
): Promise<void> {
  await sql`
    update account_passkey
    set sign_count = ${of.signCount}, is_backed_up = ${of.isBackedUp}, last_used_at = app_now()
    where id = ${of.id}
  `.execute(tx);
}

export async function removePasskey(
  tx: Tx,
  { accountId, id }: { readonly accountId: AccountId; readonly id: PasskeyId },
): Promise<Passkey | null> {
  const { rows } = await sql<Passkey>`
    delete from account_passkey where account_id = ${accountId} and id = ${id} returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** How many there were. */
export async function removePasskeysOf(tx: Tx, accountId: AccountId): Promise<number> {
  const { rows } = await sql`
    delete from account_passkey where account_id = ${accountId} returning id
  `.execute(tx);
  return rows.length;
}
