-- What calls cost, by everything that they are summed up by, of the days from p_from up to and with
-- p_until: the sums that are kept, and rows that are in none of them yet. A name may come twice.
create or replace function ledger_daily(p_org uuid, p_kind text, p_from date, p_until date)
returns table (
  day date, name text, project_id uuid, key_id uuid, team text, person text, model text, provider text,
  agent text,
  calls bigint, failed_calls bigint, unpriced_calls bigint, cost_pusd numeric,
  input_tokens bigint, cached_input_tokens bigint, cache_write_tokens bigint, output_tokens bigint
)
language sql stable
as $$
  select d.day, d.name, d.project_id, d.key_id, d.team, d.person, d.model, d.provider, d.agent, d.calls,
         d.failed_calls, d.unpriced_calls, d.cost_pusd, d.input_tokens, d.cached_input_tokens, d.cache_write_tokens,
         d.output_tokens
  from spend_daily d
  where d.org_id = p_org and d.kind = p_kind and d.day between p_from and p_until
    and exists (select from spend_fold f where f.org_id = p_org and f.cluster = ledger_cluster()) -- R2
  union all
  select r.day, p.name, s.project_id, s.key_id, coalesce(s.team_id, ''), coalesce(s.person_id, ''), s.model,
         coalesce(s.provider, ''), coalesce(s.agent, ''), r.calls, r.failed_calls, r.unpriced_calls, s.cost_pusd, s.input_tokens,
         s.cached_input_tokens, s.cache_write_tokens, s.output_tokens
  from ledger_unfolded(p_org) s
  cross join lateral ledger_parts_of(s) p
  cross join lateral ledger_counts_of(s) r
  where p.kind = p_kind and r.day between p_from and p_until
$$;
