import { sql, type Statement, type Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import type { LoginSession, SessionId, SignInMethod } from './session.ts';

const columns = (): Statement<unknown> => sql`
  id, account_id as "accountId", method, created_at as "createdAt", last_seen_at as "lastSeenAt",
  authenticated_at as "authenticatedAt", expires_at as "expiresAt", ended_at as "endedAt",
  ended_by as "endedBy", address, user_agent as "userAgent"`;

export interface NewSession {
  readonly id: SessionId;
  readonly orgId: OrganizationId;
  readonly accountId: AccountId;
  readonly method: SignInMethod;
  readonly lifetimeMs: number;
  readonly address: string;
  readonly userAgent: string;
}

/** Also forgets those of this account that ended long ago. */
export async function insertSession(tx: Tx, session: NewSession): Promise<LoginSession> {
  await sql`
    delete from login_session
    where account_id = ${session.accountId} and least(ended_at, expires_at) < app_now() - interval '30 days'
  `.execute(tx);
  const { rows } = await sql<LoginSession>`
    insert into login_session (id, org_id, account_id, method, expires_at, address, user_agent)
    values (${session.id}, ${session.orgId}, ${session.accountId}, ${session.method},
            app_now() + ${session.lifetimeMs}::float8 * interval '1 millisecond',
            ${session.address}, ${session.userAgent})
    returning ${columns()}
  `.execute(tx);
  const [inserted] = rows;
  if (!inserted) throw new Error('insert returned no row');
  return inserted;
}

/** Those that are good now: not ended, in their time, used of late, of an account that is active (A1). */
const isGood = (idleMs: number): Statement<unknown> => sql`
  ended_at is null and expires_at > app_now()
  and last_seen_at > app_now() - ${idleMs}::float8 * interval '1 millisecond'
  and exists (select from account where account.id = account_id and account.active)`;

/** The session if it is good (A1); its use is marked, at most once a minute. */
export async function useSession(
  tx: Tx,
  { id, idleMs }: { readonly id: SessionId; readonly idleMs: number },
): Promise<(LoginSession & { readonly name: string; readonly freshMs: number }) | null> {
  const { rows } = await sql<LoginSession & { name: string; freshMs: number }>`
    select ${columns()},
      (select coalesce(nullif(account.name, ''), account.email) from account
       where account.id = account_id) as name,
      (extract(epoch from app_now() - authenticated_at) * 1000)::float8 as "freshMs"
    from login_session where id = ${id} and ${isGood(idleMs)}  -- A1
  `.execute(tx);
  const [session] = rows;
  if (!session) return null;
  await sql`
    update login_session set last_seen_at = app_now()
    where id = ${id} and last_seen_at < app_now() - interval '1 minute'
  `.execute(tx);
  return session;
}

export async function listSessions(
  tx: Tx,
  { accountId, idleMs }: { readonly accountId: AccountId; readonly idleMs: number },
): Promise<LoginSession[]> {
  const { rows } = await sql<LoginSession>`
    select ${columns()} from login_session
    where account_id = ${accountId} and ${isGood(idleMs)} order by id desc limit 200
  `.execute(tx);
  return rows;
}

/** Ends it, so that no replica finds it from the commit on (A1). Null when it is not there or has ended. */
export async function endSession(
  tx: Tx,
  { id, by }: { readonly id: SessionId; readonly by: string },
): Promise<LoginSession | null> {
  const { rows } = await sql<LoginSession>`
    update login_session set ended_at = app_now(), ended_by = ${by}
    where id = ${id} and ended_at is null returning ${columns()}
  `.execute(tx);
  const [ended] = rows;
  if (!ended) return null;
  await sql`delete from credential where id = ${id} and kind = 'session'`.execute(tx);
  return ended;
}

/** Ends all of an account, but for the one that may go on. The ids of those that it ended. */
export async function endSessionsOf(
  tx: Tx,
  of: {
    readonly accountId: AccountId;
    readonly by: string;
    readonly except?: SessionId | undefined;
  },
): Promise<SessionId[]> {
  const { rows } = await sql<{ id: SessionId }>`
    update login_session set ended_at = app_now(), ended_by = ${of.by}
    where account_id = ${of.accountId} and ended_at is null
      and id is distinct from ${of.except ?? null}::uuid
    returning id
  `.execute(tx);
  const ids = rows.map(({ id }) => id);
  await sql`delete from credential where id = any(${ids}::uuid[]) and kind = 'session'`.execute(tx);
  return ids;
}

/** Its owner has proved again who they are. */
export async function freshenSession(tx: Tx, id: SessionId): Promise<void> {
  await sql`update login_session set authenticated_at = app_now() where id = ${id}`.execute(tx);
}
