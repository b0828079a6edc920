import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, PicoUsd, ReservationId } from '@sagewai/wire';

export interface Entries {
  readonly calls: number;
  readonly costPusd: PicoUsd;
}

/** The movements of an organization's money, by the rows that each of them is. */
export interface LedgerEntries {
  readonly rows: number;
  readonly settled: Entries;
  readonly expired: Entries & { readonly ids: readonly ReservationId[] | null };
  readonly corrected: Entries;
  readonly reserved: Entries;
  readonly inShares: Entries;
  readonly lostShares: Entries;
}

/** Whether there are more rows of spend than that; reads no more than so many. */
export async function hasMoreRows(
  db: Executor,
  { orgId, rows: max }: { readonly orgId: OrganizationId; readonly rows: number },
): Promise<boolean> {
  const { rows } = await sql`
    select from spend where org_id = ${orgId} offset ${max} limit 1
  `.execute(db);
  return rows.length > 0;
}

interface Row {
  readonly what: 'settled' | 'expired' | 'corrected' | 'reserved' | 'inShares' | 'lostShares';
  readonly calls: number;
  readonly costPusd: PicoUsd;
  readonly ids: readonly ReservationId[] | null;
}

const NOTHING: Entries = { calls: 0, costPusd: 0n };

/** One statement, so all of it is of one instant. */
export async function readEntries(
  db: Executor,
  { orgId, idsMax }: { readonly orgId: OrganizationId; readonly idsMax: number },
): Promise<LedgerEntries> {
  const { rows } = await sql<Row>`
    select case when s.entry = 1 then 'corrected' when s.status = 'expired' then 'expired'
             else 'settled' end as what,
           count(*)::int as calls, sum(s.cost_pusd)::numeric as "costPusd",
           (array_agg(s.id order by s.id desc) filter (where s.entry = 0 and s.status = 'expired'))
             [1:${idsMax}::int] as ids
    from spend s where s.org_id = ${orgId} group by 1
    union all
    select 'reserved', count(*)::int, coalesce(sum(r.amount_pusd), 0)::numeric, null
    from reservation r where r.org_id = ${orgId}
    union all
    select 'inShares', count(*)::int, coalesce(sum(h.amount), 0)::numeric, null
    from share h join budget b on b.id = h.budget_id
    where h.org_id = ${orgId} and b.measure = 'cost'
    union all
    select 'lostShares', count(*)::int, coalesce(sum(l.amount), 0)::numeric, null
    from lost_share l where l.org_id = ${orgId} and l.measure = 'cost'
  `.execute(db);
  const of = (what: Row['what']): Entries => {
    const row = rows.find((each) => each.what === what);
    return row === undefined ? NOTHING : { calls: row.calls, costPusd: row.costPusd };
  };
  const [settled, expired, corrected] = [of('settled'), of('expired'), of('corrected')];
  return {
    rows: settled.calls + expired.calls + corrected.calls,
    settled,
    expired: { ...expired, ids: rows.find(({ what }) => what === 'expired')?.ids ?? [] },
    corrected,
    reserved: of('reserved'),
    inShares: of('inShares'),
    lostShares: of('lostShares'),
  };
}
