import type { SlidingWindow } from './event.ts';

type Read = <Row extends object>(text: string) => Promise<Row[]>;

interface Charge {
  readonly budget: string;
  readonly scope: string;
  readonly measure: string;
  readonly seconds: number;
  readonly limit: string;
  readonly atSeconds: number;
  readonly amount: string;
}

/** Every limit whose window slides, with what was charged to it. */
export async function readSlidingWindows(read: Read): Promise<SlidingWindow[]> {
  const charges = Map.groupBy(await read<Charge>(CHARGES), ({ budget }) => budget);
  return [...charges.values()].flatMap((of) => {
    const [first] = of;
    if (!first) return [];
    const { scope, measure, seconds, limit } = first;
    const own = of.map(({ atSeconds, amount }) => ({ atSeconds, amount: BigInt(amount) }));
    return [{ scope, measure, seconds, limit: BigInt(limit), charges: own }];
  });
}

/**
 * Without what a provider used beyond its reservation, which may exceed. What came from a share is charged
 * when it is booked: until then the share counted as reserved.
 */
const CHARGES = `
  select b.id as budget, b.scope_kind || ' ' || b.scope_id as scope, b.measure,
         case b.period when 'minute' then 60 else 30 * 86400 end as seconds,
         b.limit_amount::text as "limit", c.at::float8 as "atSeconds", c.amount::text as amount
  from budget b
  cross join lateral (
    select extract(epoch from case when s.from_share then s.at else s.started_at end) as at,
           case b.measure when 'cost' then s.cost_pusd - s.overrun_pusd
             when 'tokens' then s.input_tokens + s.output_tokens - s.overrun_tokens
             else 1 - s.entry end as amount
    from spend s
    where s.org_id = b.org_id
      and in_scope(b.scope_kind, b.scope_id, s.org_id, s.project_id, s.key_id, s.team_id, s.person_id,
                   s.contexts)
    union all
    select extract(epoch from l.charged_at), l.amount from lost_share l
    where l.org_id = b.org_id and l.scope_kind = b.scope_kind and l.scope_id = b.scope_id
      and l.measure = b.measure and l.period = b.period
  ) c
  where b.period in ('minute', '30_days')
  order by b.id, c.at, c.amount`;
