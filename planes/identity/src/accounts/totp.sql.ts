import { sql, type Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

export interface KeptTotp {
  readonly sealedSecret: string;
  readonly confirmedAt: Date | null;
  readonly lastStep: number;
}

/** Locks it: codes of one account are looked at one after the other, so that none counts twice (A4). */
export async function lockTotp(tx: Tx, accountId: AccountId): Promise<KeptTotp | null> {
  const { rows } = await sql<KeptTotp & { lastStep: unknown }>`
    select sealed_secret as "sealedSecret", confirmed_at as "confirmedAt", last_step as "lastStep"
    from account_totp where account_id = ${accountId} for update  -- A4
  `.execute(tx);
  const [row] = rows;
  return row ? { ...row, lastStep: Number(row.lastStep) } : null;
}

/** Replaces one that was not confirmed; false when there is a confirmed one. */
export async function beginTotp(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly accountId: AccountId;
    readonly sealedSecret: string;
  },
): Promise<boolean> {
  const { rows } = await sql`
    insert into account_totp (account_id, org_id, sealed_secret)
    values (${of.accountId}, ${of.orgId}, ${of.sealedSecret})
    on conflict (account_id) do update
      set sealed_secret = excluded.sealed_secret, created_at = app_now(), last_step = 0
      where account_totp.confirmed_at is null
    returning account_id
  `.execute(tx);
  return rows.length > 0;
}

/** A code of this step was used: it counts no more, nor does an older one (A4). */
export async function noteTotpStep(
  tx: Tx,
  { accountId, step }: { readonly accountId: AccountId; readonly step: number },
): Promise<void> {
  await sql`
    update account_totp
    set last_step = ${step}, confirmed_at = coalesce(confirmed_at, app_now())
    where account_id = ${accountId}
  `.execute(tx);
}

/** Whether there was one. */
export async function removeTotp(tx: Tx, accountId: AccountId): Promise<boolean> {
  const { rows } = await sql`
    delete from account_totp where account_id = ${accountId} returning account_id
  `.execute(tx);
  await sql`delete from account_recovery_code where account_id = ${accountId}`.execute(tx);
  return rows.length > 0;
}

export async function replaceRecoveryCodes(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly accountId: AccountId;
    readonly hashes: readonly Buffer[];
  },
): Promise<void> {
  await sql`delete from account_recovery_code where account_id = ${of.accountId}`.execute(tx);
  await sql`
    insert into account_recovery_code (org_id, account_id, hash)
    select ${of.orgId}, ${of.accountId}, unnest(${of.hashes}::bytea[])
  `.execute(tx);
}

/** Uses it up (A4); false when there is no such code, or no longer. */
export async function useRecoveryCode(
  tx: Tx,
  { accountId, hash }: { readonly accountId: AccountId; readonly hash: Buffer },
): Promise<boolean> {
  const { rows } = await sql`
    delete from account_recovery_code where account_id = ${accountId} and hash = ${hash}
    returning hash
  `.execute(tx);
  return rows.length > 0;
}

export async function countRecoveryCodes(tx: Tx, accountId: AccountId): Promise<number> {
  const { rows } = await sql<{ left: number }>`
    select count(*)::int as left from account_recovery_code where account_id = ${accountId}
  `.execute(tx);
  return rows[0]?.left ?? 0;
}
