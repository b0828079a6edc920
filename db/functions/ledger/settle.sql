-- Arrays are parallel, an element a call. An answer a call that is known: what is booked for it in
-- all, which for one settled before is not what was given. An unknown call has no answer.
create or replace function ledger_settle(
  p_orgs uuid[],
  p_id uuid[], p_org uuid[], p_cost_pusd bigint[],
  p_input_tokens bigint[], p_cached_input_tokens bigint[], p_cache_write_tokens bigint[],
  p_output_tokens bigint[], p_price_known boolean[],
  p_usage_source text[], p_status text[], p_deployment text[], p_provider text[]
) returns table (id uuid, cost_pusd numeric, overrun_pusd numeric, overrun_tokens numeric)
language plpgsql
set plan_cache_mode = force_generic_plan -- a plan made for each batch costs more than the batch
set enable_seqscan = off -- and one plan must do for a table that is empty now and full of dead rows later
as $$
#variable_conflict use_column
declare
  c_system constant text := 'system:ledger';
  c_ids_max constant int := 200;
  v_now timestamptz;
  v_open int;
  v_admitted timestamptz;
  v_orgs uuid[];
  v_projects uuid[];
  v_keys uuid[];
  v_teams text[];
  v_persons text[];
  v_contexts text[];
  v_late uuid[];
  v_budgets bigint[];
  v_booked spend[];
begin
  perform set_config('sagewai.orgs', array_to_string(p_orgs, ','), true);

  -- Of two settlements of one call, the second waits here and then finds the first's row.
  select count(*), max(r.created_at), array_agg(r.org_id), array_agg(r.project_id),
         array_agg(r.key_id), array_agg(r.team_id), array_agg(r.person_id), array_agg(r.contexts)
  into v_open, v_admitted, v_orgs, v_projects, v_keys, v_teams, v_persons, v_contexts
  from (
    select r.org_id, r.project_id, r.key_id, r.team_id, r.person_id, r.contexts, r.created_at from reservation r where r.id = any(p_id)
    order by r.id for update
  ) r;
  perform pg_advisory_xact_lock_shared(ledger_lock_key(o.org)) -- B5
  from (select distinct g.org from unnest(p_org) g(org) order by 1) o;

  if v_open < cardinality(p_id) then
    -- M2. Booked because nobody settled it in time, and known now: corrected, once.
    select array_agg(s.id), greatest(v_admitted, max(s.at)), v_orgs || array_agg(s.org_id),
           v_projects || array_agg(s.project_id), v_keys || array_agg(s.key_id),
           v_teams || array_agg(s.team_id), v_persons || array_agg(s.person_id),
           v_contexts || array_agg(s.contexts)
    into v_late, v_admitted, v_orgs, v_projects, v_keys, v_teams, v_persons, v_contexts
    from unnest(p_id, p_org, p_status) g(id, org, status)
    join spend s on s.org_id = g.org and s.id = g.id and s.entry = 0 and s.status = 'expired'
    where g.status <> 'expired'
      and not exists (select from spend e where e.org_id = g.org and e.id = g.id and e.entry = 1);
  end if;

  -- Locked in the order of every other statement. Requests were counted when they were admitted.
  select array_agg(l.id), max(l.opened_at)
  into v_budgets, v_now
  from (
    select b.id, b.opened_at
    from (
      select distinct g.org, s.kind, s.id
      from unnest(v_orgs, v_projects, v_keys, v_teams, v_persons, v_contexts)
        g(org, project, key, team, person, contexts)
      cross join lateral (
        values ('organization', g.org::text), ('project', g.project::text),
               ('key', g.key::text), ('team', g.team), ('person', g.person)
        union all select n.kind, n.id from ledger_named(g.contexts) n
      ) s(kind, id)
      where s.id is not null
    ) above
    join budget b on b.org_id = above.org and b.scope_kind = above.kind and b.scope_id = above.id
    where b.measure <> 'requests'
    order by b.id
    for update of b
  ) l;
  v_now := greatest(app_clock(), v_now, v_admitted); -- B2

  with given as (
    select distinct on (g.id) g.*
    from unnest(p_id, p_org, p_cost_pusd, p_input_tokens, p_cached_input_tokens,
                p_cache_write_tokens, p_output_tokens, p_price_known, p_usage_source, p_status,
                p_deployment, p_provider)
           with ordinality g(id, org, cost, input, cached, written, output, price_known, source,
                             status, deployment, provider, n)
    order by g.id, g.n
  ), gone as (
    delete from reservation r using given g where r.id = g.id and r.org_id = g.org -- B3
    returning r.*
  ), booked as (
    insert into spend as s (
      id, entry, org_id, project_id, key_id, team_id, person_id, run_id, worker_id, cost_pusd, input_tokens,
      cached_input_tokens, cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens,
      overrun_pusd, overrun_tokens, price_known, started_at, at, usage_source, status, model,
      deployment, provider, session_id, agent, tags, contexts)
    select r.id, 0, r.org_id, r.project_id, r.key_id, r.team_id, r.person_id, r.run_id, r.worker_id, g.cost, g.input,
           g.cached, g.written, g.output, r.amount_pusd, r.input_tokens + r.output_tokens,
           greatest(0, g.cost - r.amount_pusd),
           greatest(0, g.input + g.output - r.input_tokens - r.output_tokens),
           g.price_known, r.created_at, v_now, g.source, g.status, r.model,
           coalesce(g.deployment, r.deployment), g.provider, r.session_id, r.agent, r.tags, r.contexts
    from gone r join given g on g.id = r.id
    returning s
  )
  select array_agg(b.s order by (b.s).id) into v_booked from booked b;

  if v_late is not null then
    with booked as (
      insert into spend as s (
        id, entry, org_id, project_id, key_id, team_id, person_id, run_id, worker_id, cost_pusd, input_tokens,
        cached_input_tokens, cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens,
        overrun_pusd, overrun_tokens, price_known, started_at, at, usage_source, status, model,
        deployment, provider, session_id, agent, tags, contexts)
      select distinct on (e.id)
             e.id, 1, e.org_id, e.project_id, e.key_id, e.team_id, e.person_id, e.run_id, e.worker_id, g.cost - e.cost_pusd,
             g.input - e.input_tokens, g.cached, g.written, g.output - e.output_tokens, 0, 0,
             greatest(0, g.cost - e.reserved_pusd), greatest(0, g.input + g.output - e.reserved_tokens),
             g.price_known, e.started_at, v_now, g.source, g.status, e.model,
             coalesce(g.deployment, e.deployment), g.provider, e.session_id, e.agent, e.tags, e.contexts
      from unnest(p_id, p_org, p_cost_pusd, p_input_tokens, p_cached_input_tokens,
                  p_cache_write_tokens, p_output_tokens, p_price_known, p_usage_source, p_status,
                  p_deployment, p_provider)
             with ordinality g(id, org, cost, input, cached, written, output, price_known, source,
                               status, deployment, provider, n)
      join spend e on e.org_id = g.org and e.id = g.id and e.entry = 0
      where g.id = any(v_late)
      order by e.id, g.n
      on conflict do nothing -- B3
      returning s
    )
    select v_booked || array_agg(b.s order by (b.s).id) into v_booked from booked b;
  end if;

  if v_booked is not null then
    update budget b
    set opened_at = greatest(b.opened_at, window_of(b.period, v_now)),
        settled = case when is_sliding(b.period) then turned.total
          else case when b.opened_at >= window_of(b.period, v_now) then b.settled else 0 end + c.charged + c.overrun end,
        reserved = case when is_sliding(b.period) then b.reserved
          else case when b.opened_at >= window_of(b.period, v_now) then b.reserved else 0 end - c.released end,
        slots = turned.slots
    from (
      select k.id, k.period, k.settled, k.opened_at, k.slots,
             -- What was admitted in an earlier window is not this one's to hold or to give back.
             coalesce(sum(m.charged) filter (where s.started_at >= window_of(k.period, v_now)), 0) as charged,
             coalesce(sum(m.released) filter (where s.started_at >= window_of(k.period, v_now)), 0) as released,
             sum(m.overrun) as overrun,
             array_agg(s.second) || epoch_second(v_now) as seconds,
             array_agg((m.charged - m.released)::bigint) || sum(m.overrun)::bigint as amounts
      from (
        select s.org_id, s.project_id, s.key_id, s.team_id, s.person_id, s.contexts,
               epoch_second(s.started_at) as second, min(s.started_at) as started_at,
               sum(s.cost_pusd - s.overrun_pusd) as cost, sum(s.reserved_pusd) as reserved_cost,
               sum(s.overrun_pusd) as overrun_cost,
               sum(s.input_tokens + s.output_tokens - s.overrun_tokens) as tokens,
               sum(s.reserved_tokens) as reserved_tokens, sum(s.overrun_tokens) as overrun_tokens
        from unnest(v_booked) s
        group by s.org_id, s.project_id, s.key_id, s.team_id, s.person_id, s.contexts,
                 epoch_second(s.started_at)
      ) s
      join budget k
        on k.org_id = s.org_id and in_scope(k.scope_kind, k.scope_id, s.org_id, s.project_id, s.key_id, s.team_id,
                                         s.person_id, s.contexts)
      cross join lateral (
        select case k.measure when 'cost' then s.cost else s.tokens end as charged,
               case k.measure when 'cost' then s.reserved_cost else s.reserved_tokens end as released,
               case k.measure when 'cost' then s.overrun_cost else s.overrun_tokens end as overrun
      ) m
      where k.id = any(v_budgets)
      group by k.id
    ) c
    left join lateral ring_after(c.slots, c.settled, c.opened_at, v_now, c.seconds, c.amounts) turned
      on is_sliding(c.period)
    where b.id = c.id;
    if exists (select from unnest(v_booked) s where s.overrun_pusd > 0 or s.overrun_tokens > 0) then
      perform ledger_recall_overdrawn(v_budgets);
    end if;

    -- One entry a batch and organization, in one order of organizations, and last: it is a lock.
    perform audit_append(a.org_id, c_system, 'call.settled', a.subject, 'ok', '', a.details::text)
    from (
      select s.org_id,
             case count(*) when 1 then min(s.id::text) else 'batch' end as subject,
             jsonb_build_object(
               'kind', 'call.settled', 'count', count(*),
               'digest', encode(sha256(convert_to(string_agg(spend_field(f.fields), '' order by s.id, s.entry), 'UTF8')), 'hex'))
             || case when count(*) <= c_ids_max
               then jsonb_build_object('ids', string_agg(s.id::text, ' ' order by s.id, s.entry))
               else jsonb_build_object('first', min(s.id::text), 'last', max(s.id::text)) end as details
      from unnest(v_booked) s
      cross join lateral (select spend_fields(s) as fields offset 0) f
      group by s.org_id
      order by s.org_id
    ) a;
  end if;

  return query
    select s.id, s.cost_pusd::numeric, s.overrun_pusd::numeric, s.overrun_tokens::numeric
    from unnest(v_booked) s where s.entry = 0;
  if v_open < cardinality(p_id) then
    return query
      select s.id, sum(s.cost_pusd), sum(s.overrun_pusd), sum(s.overrun_tokens)
      from (
        select distinct g.id, g.org from unnest(p_id, p_org) g(id, org)
        where not exists (select from unnest(v_booked) b where b.id = g.id and b.entry = 0)
      ) g
      join spend s on s.org_id = g.org and s.id = g.id
      group by s.id;
  end if;
end $$;
