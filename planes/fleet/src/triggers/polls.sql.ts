import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

/** What is known of a poller's last poll. */
export interface PollState {
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** What was there at the first poll is known. */
  readonly hasItems: boolean;
  readonly polledAt: Date;
  readonly status: number | null;
  readonly error: string | null;
  readonly failures: number;
  readonly nextAt: Date | null;
}

/** Null: it has not polled. */
export async function readPoll(tx: Executor, triggerId: string): Promise<PollState | null> {
  const { rows } = await sql<PollState>`
    select p.etag, p.last_modified as "lastModified", p.has_items as "hasItems", p.polled_at as "polledAt",
           p.status, p.error, p.failures, d.due_at as "nextAt"
    from trigger_poll p left join trigger_due d on d.trigger_id = p.trigger_id
    where p.trigger_id = ${triggerId}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function recordPoll(
  tx: Tx,
  poll: {
    readonly triggerId: string;
    readonly orgId: OrganizationId;
    readonly etag: string | null;
    readonly lastModified: string | null;
    readonly hasItems: boolean;
    readonly status: number | null;
    readonly error: string | null;
    readonly failures: number;
  },
): Promise<void> {
  await sql`
    insert into trigger_poll (trigger_id, org_id, etag, last_modified, has_items, polled_at, status, error,
                              failures)
    values (${poll.triggerId}, ${poll.orgId}, ${poll.etag}, ${poll.lastModified}, ${poll.hasItems},
            app_now(), ${poll.status}, ${poll.error}, ${poll.failures})
    on conflict (trigger_id) do update set etag = excluded.etag, last_modified = excluded.last_modified,
      has_items = excluded.has_items, polled_at = excluded.polled_at, status = excluded.status,
      error = excluded.error, failures = excluded.failures
  `.execute(tx);
}

/** It asks again after so long; null: not any more. */
export async function planPoll(
  tx: Executor,
  { id, orgId }: { readonly id: string; readonly orgId: OrganizationId },
  afterMs: number | null,
): Promise<void> {
  if (afterMs === null) {
    await sql`delete from trigger_due where trigger_id = ${id}`.execute(tx);
    return;
  }
  await sql`
    insert into trigger_due (trigger_id, org_id, due_at)
    values (${id}, ${orgId}, app_now() + ${afterMs}::float8 * interval '1 millisecond')
    on conflict (trigger_id) do update set due_at = excluded.due_at
  `.execute(tx);
}

/** X7. Takes pollers that are due, for so long that nobody else takes them meanwhile. */
export async function takePolls(
  dispatch: Executor,
  { holdMs, limit }: { readonly holdMs: number; readonly limit: number },
): Promise<{ readonly id: string; readonly orgId: OrganizationId }[]> {
  const { rows } = await sql<{ id: string; orgId: OrganizationId }>`
    with due as materialized (
      select trigger_id from trigger_due where due_at <= app_now()
      order by due_at limit ${limit} for update skip locked
    )
    update trigger_due d set due_at = app_now() + ${holdMs}::float8 * interval '1 millisecond'
    from due where d.trigger_id = due.trigger_id
    returning d.trigger_id as id, d.org_id as "orgId"
  `.execute(dispatch);
  return rows;
}
