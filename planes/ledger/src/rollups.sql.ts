import { type Db, type Executor, inTenant, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

/** For the job, which sees no tenant's rows: whose spend is to be folded, and what may be marked then. */
export async function findOrgsToFold(
  dispatch: Db,
): Promise<{ readonly orgIds: readonly OrganizationId[]; readonly mark: bigint }> {
  const { rows } = await sql<{ orgIds: OrganizationId[] | null; mark: bigint }>`
    select org_ids as "orgIds", mark from ledger_orgs_to_fold()
  `.execute(dispatch);
  const [row] = rows;
  if (!row) throw new Error('a function returned no row');
  return { orgIds: row.orgIds ?? [], mark: row.mark };
}

/** R1. Adds what was booked to the sums of its days. */
export async function foldSpend(db: Db, orgId: OrganizationId): Promise<void> {
  await sql`select ledger_fold(${orgId})`.execute(db);
}

/** R3. Every organization is folded up to there. */
export async function markFolded(dispatch: Db, mark: bigint): Promise<void> {
  await sql`
    with mine as (
      insert into spend_fold_mark as m (cluster, folded_until) values (ledger_cluster(), ${mark})
      on conflict (cluster) do update set folded_until = greatest(m.folded_until, excluded.folded_until)
      returning cluster
    )
    delete from spend_fold_mark m where m.cluster <> ledger_cluster()
  `.execute(dispatch);
}

/** A day, and a name, of which the sums are not those of the rows (R1). */
export interface SpendMismatch {
  readonly orgId: OrganizationId;
  readonly kind: 'call' | 'session' | 'tag';
  readonly day: string;
  readonly name: string;
  readonly told: { readonly calls: bigint; readonly costPusd: bigint; readonly tokens: bigint };
  readonly derived: { readonly calls: bigint; readonly costPusd: bigint; readonly tokens: bigint };
}

interface Row extends Omit<SpendMismatch, 'told' | 'derived'> {
  readonly calls: bigint;
  readonly cost: bigint;
  readonly tokens: bigint;
  readonly callsDerived: bigint;
  readonly costDerived: bigint;
  readonly tokensDerived: bigint;
}

/**
 * R1. Compares what reports say of an organization with its rows, to the pico-dollar. Reads every row:
 * exact under load and without locks, because one statement sees one instant.
 */
export const checkRollups = (db: Db, orgId: OrganizationId): Promise<SpendMismatch[]> =>
  inTenant(db, [orgId], (tx) => checkSums(tx, orgId));

/** The same in a transaction that acts for the organization. */
export async function checkSums(tx: Tx, orgId: OrganizationId): Promise<SpendMismatch[]> {
  const { rows } = await sql<Row>`
      with told as (
        select k.kind, d.day, d.name, d.project_id, d.key_id, d.team, d.person, d.model, d.provider,
               d.agent, sum(d.calls) as calls, sum(d.cost_pusd) as cost,
               sum(d.input_tokens + d.output_tokens) as tokens
        from (values ('call'), ('session'), ('tag')) k(kind)
        cross join lateral ledger_daily(${orgId}, k.kind, '-infinity', 'infinity') d
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
      ), derived as (
        select p.kind, r.day, p.name, s.project_id, s.key_id, coalesce(s.team_id, '') as team,
               coalesce(s.person_id, '') as person, s.model, coalesce(s.provider, '') as provider, coalesce(s.agent, '') as agent,
               sum(r.calls) as calls, sum(s.cost_pusd)::numeric as cost,
               sum(s.input_tokens + s.output_tokens)::numeric as tokens
        from spend s
        cross join lateral ledger_parts_of(s) p
        cross join lateral ledger_counts_of(s) r
        where s.org_id = ${orgId}
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
      ), named as (
        select t.kind, t.day, t.name, t.project_id, t.key_id, t.team, t.person, t.model, t.provider, t.agent,
               t.calls, t.cost, t.tokens, 0::numeric as calls_derived, 0::numeric as cost_derived,
               0::numeric as tokens_derived
        from told t
        union all
        select d.kind, d.day, d.name, d.project_id, d.key_id, d.team, d.person, d.model, d.provider, d.agent,
               0, 0, 0, d.calls, d.cost, d.tokens
        from derived d
      )
      select ${orgId}::uuid as "orgId", n.kind, n.day::text as day, n.name,
             sum(n.calls)::numeric as calls, sum(n.cost)::numeric as cost,
             sum(n.tokens)::numeric as tokens, sum(n.calls_derived)::numeric as "callsDerived",
             sum(n.cost_derived)::numeric as "costDerived",
             sum(n.tokens_derived)::numeric as "tokensDerived"
      from named n
      group by n.kind, n.day, n.name, n.project_id, n.key_id, n.team, n.person, n.model, n.provider,
               n.agent
      having (sum(n.calls), sum(n.cost), sum(n.tokens))
        <> (sum(n.calls_derived), sum(n.cost_derived), sum(n.tokens_derived))
      order by n.day, n.kind, n.name
      limit 1000
    `.execute(tx);
  return rows.map(({ calls, cost, tokens, callsDerived, costDerived, tokensDerived, ...of }) => ({
    ...of,
    told: { calls, costPusd: cost, tokens },
    derived: { calls: callsDerived, costPusd: costDerived, tokens: tokensDerived },
  }));
}

/** About how many rows of spend there are, as the database keeps count; reads none of them. */
export async function estimateSpendRows(owner: Executor): Promise<number> {
  const { rows } = await sql<{ estimate: number }>`
    select coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 as estimate
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'spend'::regclass
  `.execute(owner);
  return Math.round(rows[0]?.estimate ?? 0);
}
