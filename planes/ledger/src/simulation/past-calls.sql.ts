import { type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { PastCall } from './past-call.ts';

/** Which calls; a bound caller's are those of its project, whatever else is asked. */
export interface PastFilter {
  readonly orgId: OrganizationId;
  readonly projectId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly team?: string | undefined;
  readonly person?: string | undefined;
  readonly agent?: string | undefined;
  readonly session?: string | undefined;
  readonly tag?: string | undefined;
}

export interface PastInterval {
  /** A UTC day, and the day after the last one. */
  readonly since: Date;
  readonly until: Date | null;
}

interface Row extends PastCall {
  readonly id: string;
  readonly matches: boolean;
}

export interface PastPage {
  readonly calls: readonly PastCall[];
  readonly looked: number;
  /** Null: that was all. */
  readonly next: string | null;
}

/** Calls are named when they come, and begin a little later: by more than this they do not. */
const NAMED_BEFORE = sql`interval '1 hour'`;

/** The calls of an interval, oldest first, a page at a time; a page costs the rows looked at for it. */
export async function readPastCalls(
  db: Executor,
  filter: PastFilter,
  of: PastInterval & { readonly after: string | null; readonly lookAt: number },
): Promise<PastPage> {
  const { since, until, after, lookAt } = of;
  const beyond = after === null ? sql`` : sql`and s.id > ${after}::uuid`;
  const before = until === null ? sql`` : sql`and s.id < uuid_from_instant(${until}::timestamptz)`;
  const ended = until === null ? sql`true` : sql`l.started_at < ${until}::timestamptz`;
  const { rows } = await sql<Row & { looked: number }>`
    with looked as (
      select * from spend s
      where s.org_id = ${filter.orgId} and s.entry = 0
        and s.id >= uuid_from_instant(${since}::timestamptz - ${NAMED_BEFORE}) ${beyond} ${before}
      order by s.id limit ${lookAt}
    ), numbered as (
      select l.*, row_number() over (order by l.id desc) as from_end, count(*) over ()::int as looked,
             l.started_at >= ${since}::timestamptz and ${ended}
               and ${sql.join(conditionsOf(filter), ' and ')} as matches
      from looked l
    )
    select n.id, n.matches, n.looked, n.key_id as "keyId", n.model, n.started_at as "startedAt", n.at,
           n.reserved_pusd as "reservedPusd", n.cost_pusd + coalesce(c.cost_pusd, 0) as "costPusd",
           n.reserved_tokens as "reservedTokens",
           n.input_tokens + n.output_tokens + coalesce(c.input_tokens + c.output_tokens, 0) as tokens,
           n.price_known as "priceKnown"
    from numbered n
    left join spend c on c.org_id = n.org_id and c.id = n.id and c.entry = 1 and n.status = 'expired'
    where n.matches or n.from_end = 1
    order by n.id
  `.execute(db);
  const looked = rows[0]?.looked ?? 0;
  return {
    calls: rows
      .filter(({ matches }) => matches)
      .toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime()),
    looked,
    next: looked === lookAt ? (rows.at(-1)?.id ?? null) : null,
  };
}

function conditionsOf(filter: PastFilter): Statement<unknown>[] {
  const { projectId, keyId, team, person, agent, session, tag } = filter;
  const conditions = [sql`true`];
  if (projectId !== undefined) conditions.push(sql`l.project_id = ${projectId}::uuid`);
  if (keyId !== undefined) conditions.push(sql`coalesce(l.key_id = ${keyId}::uuid, false)`);
  if (team !== undefined) conditions.push(sql`coalesce(l.team_id = ${team}, false)`);
  if (person !== undefined) conditions.push(sql`coalesce(l.person_id = ${person}, false)`);
  if (agent !== undefined) conditions.push(sql`coalesce(l.agent = ${agent}, false)`);
  if (session !== undefined) conditions.push(sql`coalesce(l.session_id = ${session}, false)`);
  if (tag !== undefined) conditions.push(sql`coalesce(${tag} = any(l.tags), false)`);
  return conditions;
}

/** The UTC day that it was so many days ago. */
export async function dayAgo(db: Executor, days: number): Promise<Date> {
  const { rows } = await sql<{ day: Date }>`
    select day_of(app_now()) - ${days}::int * interval '1 day' as day
  `.execute(db);
  const [row] = rows;
  if (!row) throw new Error('a function returned no row');
  return row.day;
}
