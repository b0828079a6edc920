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
    /** What it lists is known as of now. */
    readonly hasRead: boolean;
    readonly status: number | null;
    readonly error: string | null;
    readonly failures: number;
  },
): Promise<void> {
  await sql`
    insert into trigger_poll as p (trigger_id, org_id, etag, last_modified, has_items, polled_at, status, error,
                                   failures, items_at)
    values (${poll.triggerId}, ${poll.orgId}, ${poll.etag}, ${poll.lastModified}, ${poll.hasItems},
            app_now(), ${poll.status}, ${poll.error}, ${poll.failures},
            case when ${poll.hasRead}::boolean then app_now() end)
    on conflict (trigger_id) do update set etag = excluded.etag, last_modified = excluded.last_modified,
      has_items = excluded.has_items, polled_at = excluded.polled_at, status = excluded.status,
      error = excluded.error, failures = excluded.failures, items_at = coalesce(excluded.items_at, p.items_at)
  `.execute(tx);
}

/** It has another address, or other items: what was answered before says nothing of them. */
export async function forgetPoll(tx: Executor, triggerId: string): Promise<void> {
  await sql`delete from trigger_poll where trigger_id = ${triggerId}`.execute(tx);
}

/**
 * Which of these items are new, or were refused. The others are seen once more (X9), which is written where it was
 * not within `freshMs`.
 */
export async function findNewItems(
  tx: Tx,
  of: { readonly triggerId: string; readonly keys: readonly string[]; readonly freshMs: number },
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ key: string }>`
    with seen as (
      update trigger_firing set seen_at = app_now()
      where trigger_id = ${of.triggerId} and delivery_key = any(${[...of.keys]}::text[])
        and seen_at < app_now() - ${of.freshMs}::float8 * interval '1 millisecond'
    )
    select g.key from unnest(${[...of.keys]}::text[]) g(key)
    where not exists (
      select from trigger_firing f
      where f.trigger_id = ${of.triggerId} and f.delivery_key = g.key and f.how <> 'refused')
  `.execute(tx);
  return new Set(rows.map(({ key }) => key));
}

/** X9. Nothing has changed: what was listed when its items were read last is listed still. */
export async function noteUnchanged(
  tx: Tx,
  of: { readonly triggerId: string; readonly freshMs: number },
): Promise<void> {
  const fresh = sql`${of.freshMs}::float8 * interval '1 millisecond'`;
  await sql`
    update trigger_firing f set seen_at = app_now() from trigger_poll p
    where f.trigger_id = ${of.triggerId} and p.trigger_id = f.trigger_id
      and f.seen_at >= p.items_at - ${fresh} and f.seen_at < app_now() - ${fresh}
  `.execute(tx);
}

/** X8. They were there at the first poll. */
export async function skipItems(
  tx: Tx,
  of: {
    readonly triggerId: string;
    readonly orgId: OrganizationId;
    readonly keys: readonly string[];
  },
): Promise<void> {
  await sql`
    insert into trigger_firing (id, org_id, trigger_id, delivery_key, how, fired_at, seen_at)
    select gen_random_uuid(), ${of.orgId}, ${of.triggerId}, g.key, 'skipped', app_now(), app_now()
    from unnest(${[...of.keys]}::text[]) g(key)
    on conflict on constraint a_delivery_fires_once do nothing
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
