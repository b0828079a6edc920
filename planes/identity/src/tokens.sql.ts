import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type {
  AccountId,
  OrganizationId,
  ProjectId,
  ServiceAccountId,
  TokenId,
  TokenScope,
} from '@sagewai/wire';

import type { Page } from './organization.ts';
import type { AccessToken } from './token.ts';

// A function: a fragment is made anew for each statement that it is part of.
const columns = (): Statement<unknown> => sql`
  id, name, scopes, project_id as "projectId", account_id as "accountId",
  service_account_id as "serviceAccountId", single_use as "singleUse", is_emergency as "isEmergency", used_at as "usedAt",
  created_by as "createdBy", created_at as "createdAt",
  expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt"`;

export interface NewToken {
  readonly id: TokenId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  readonly accountId?: AccountId | null;
  readonly serviceAccountId?: ServiceAccountId | null;
  readonly singleUse?: boolean;
  readonly isEmergency?: boolean;
  readonly createdBy: string;
  /** Null: does not expire. */
  readonly expiresInSeconds: number | null;
  /** It ends then at the latest. */
  readonly expiresAtMost?: Date | null;
}

export async function insertToken(tx: Tx, token: NewToken): Promise<AccessToken> {
  const { rows } = await sql<AccessToken>`
    insert into access_token (id, org_id, project_id, name, scopes, account_id, service_account_id,
                              single_use, is_emergency, created_by, expires_at)
    values (${token.id}, ${token.orgId}, ${token.projectId}, ${token.name}, ${token.scopes},
            ${token.accountId ?? null}, ${token.serviceAccountId ?? null}, ${token.singleUse ?? false},
            ${token.isEmergency ?? false}, ${token.createdBy}, least(app_now() + ${token.expiresInSeconds}::int * interval '1 second',
                                    ${token.expiresAtMost ?? null}::timestamptz))  -- I12
    returning ${columns()}
  `.execute(tx);
  const [inserted] = rows;
  if (!inserted) throw new Error('insert returned no row');
  return inserted;
}

export async function listTokens(
  tx: Executor,
  { orgId, page }: { readonly orgId: OrganizationId; readonly page: Page },
): Promise<AccessToken[]> {
  const { rows } = await sql<AccessToken>`
    select ${columns()} from access_token
    where org_id = ${orgId}
      and (${page.cursor ?? null}::uuid is null or id > ${page.cursor ?? null}::uuid)
    order by id limit ${page.limit}
  `.execute(tx);
  return rows;
}

const OF_A_TOKEN = /^token:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Who an actor is: of a token whom it stands for, so that somebody's tokens are not somebody else. */
export async function personBehind(
  tx: Executor,
  { orgId, actor }: { readonly orgId: OrganizationId; readonly actor: string },
): Promise<string> {
  const [, id] = OF_A_TOKEN.exec(actor) ?? [];
  if (id === undefined) return actor;
  const { rows } = await sql<{ person: string | null }>`
    select case when account_id is not null then 'account:' || account_id
                when service_account_id is not null then 'service_account:' || service_account_id end as person
    from access_token where org_id = ${orgId} and id = ${id}::uuid
  `.execute(tx);
  return rows[0]?.person ?? actor;
}

/** Revoking again changes nothing and answers the same. Null when there is no such token. */
export async function revoke(
  tx: Tx,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: TokenId },
): Promise<AccessToken | null> {
  const { rows } = await sql<AccessToken>`
    update access_token set revoked_at = coalesce(revoked_at, app_now())
    where org_id = ${orgId} and id = ${id}
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Revokes all that stand for an account. */
export async function revokeTokensOf(
  tx: Tx,
  { orgId, accountId }: { readonly orgId: OrganizationId; readonly accountId: AccountId },
): Promise<void> {
  await sql`
    update access_token set revoked_at = app_now()
    where org_id = ${orgId} and account_id = ${accountId} and revoked_at is null
  `.execute(tx);
}

/**
 * The token if it is good now (I3); its use is marked, at most once a minute. One for a single use is
 * used up by this: of those who ask together one gets it (I13).
 */
export async function useToken(tx: Tx, id: TokenId): Promise<AccessToken | null> {
  const { rows } = await sql<AccessToken>`
    select ${columns()} from access_token
    where id = ${id} and revoked_at is null and (expires_at is null or expires_at > app_now())  -- I3
  `.execute(tx);
  const [token] = rows;
  if (!token) return null;
  if (token.singleUse) return useUp(tx, id);
  await sql`
    update access_token set last_used_at = date_trunc('minute', app_now())
    where id = ${id} and last_used_at is distinct from date_trunc('minute', app_now())
  `.execute(tx);
  return token;
}

async function useUp(tx: Tx, id: TokenId): Promise<AccessToken | null> {
  const { rows } = await sql<AccessToken>`
    update access_token set used_at = app_now(), last_used_at = date_trunc('minute', app_now())
    where id = ${id} and used_at is null  -- I13
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}
