import { sql, type Statement, type Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId, ProjectId } from '@sagewai/wire';

export type LinkId = string & { readonly __id: 'accountLink' };

/** What somebody outside may do once, who has the link: become an account, or set its password anew. */
export interface AccountLink {
  readonly id: LinkId;
  readonly kind: 'invitation' | 'reset';
  readonly email: string;
  readonly accountId: AccountId | null;
  readonly role: string | null;
  readonly projectId: ProjectId | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
  readonly revokedAt: Date | null;
}

const columns = (): Statement<unknown> => sql`
  id, kind, email, account_id as "accountId", role, project_id as "projectId",
  created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt",
  used_at as "usedAt", revoked_at as "revokedAt"`;

export async function insertLink(
  tx: Tx,
  of: Pick<
    AccountLink,
    'id' | 'kind' | 'email' | 'accountId' | 'role' | 'projectId' | 'createdBy'
  > & {
    readonly orgId: OrganizationId;
    readonly lifetimeMs: number;
    /** It is good no longer than this. */
    readonly expiresAtMost?: Date | null;
  },
): Promise<AccountLink> {
  const { rows } = await sql<AccountLink>`
    insert into account_link
      (id, org_id, kind, email, account_id, role, project_id, created_by, expires_at)
    values (${of.id}, ${of.orgId}, ${of.kind}, ${of.email}, ${of.accountId}, ${of.role},
            ${of.projectId}, ${of.createdBy},
            least(app_now() + ${of.lifetimeMs}::float8 * interval '1 millisecond',
                  ${of.expiresAtMost ?? null}::timestamptz))
    returning ${columns()}
  `.execute(tx);
  const [inserted] = rows;
  if (!inserted) throw new Error('insert returned no row');
  return inserted;
}

export async function listInvitations(tx: Tx): Promise<AccountLink[]> {
  const { rows } = await sql<AccountLink>`
    select ${columns()} from account_link where kind = 'invitation' order by id desc limit 200
  `.execute(tx);
  return rows;
}

/** Uses it up (A7): of two who try at once, one gets it. Null when it is used, revoked or too old. */
export async function useLink(
  tx: Tx,
  { id, kind }: { readonly id: LinkId; readonly kind: AccountLink['kind'] },
): Promise<AccountLink | null> {
  const { rows } = await sql<AccountLink>`
    update account_link set used_at = app_now()
    where id = ${id} and kind = ${kind}
      and used_at is null and revoked_at is null and expires_at > app_now()  -- A7
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** As it is, without using it: whoever has it may read what it is for. */
export async function readLink(tx: Tx, id: LinkId): Promise<AccountLink | null> {
  const { rows } = await sql<AccountLink>`
    select ${columns()} from account_link
    where id = ${id} and used_at is null and revoked_at is null and expires_at > app_now()
  `.execute(tx);
  return rows[0] ?? null;
}

export async function revokeLink(tx: Tx, id: LinkId): Promise<AccountLink | null> {
  const { rows } = await sql<AccountLink>`
    update account_link set revoked_at = coalesce(revoked_at, app_now())
    where id = ${id} and kind = 'invitation' and used_at is null returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Older links to the same password are good no longer. */
export async function revokeResetsOf(tx: Tx, accountId: AccountId): Promise<void> {
  await sql`
    update account_link set revoked_at = app_now()
    where account_id = ${accountId} and kind = 'reset' and used_at is null and revoked_at is null
  `.execute(tx);
}

/** Invitations that an account made and nobody has accepted go with it. */
export async function revokeInvitationsBy(tx: Tx, accountId: AccountId): Promise<void> {
  await sql`
    update account_link set revoked_at = app_now()
    where created_by = ${`account:${accountId}`} and kind = 'invitation' and used_at is null
      and revoked_at is null
  `.execute(tx);
}
