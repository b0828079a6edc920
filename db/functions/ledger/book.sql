-- M2, B3. Books calls that were admitted from shares, and grants shares: one statement, one commit, for
-- one holding an organization. The budgets' sums stay as they are: what a call cost goes from its share
-- to what is settled, and the rest stays in the share.
--
-- Arrays are parallel: an element a holding; then a call; then a scope whose shares are to be that large.
-- Optional columns may be empty. Answers a row a holding, and a row a share that was looked at; of a
-- holding that is gone nothing was booked.
create or replace function ledger_book(
  p_holding uuid[], p_holder_org uuid[], p_is_new boolean[], p_ttl_ms bigint, p_divisor bigint,
  p_id uuid[], p_org uuid[], p_project uuid[], p_key uuid[], p_team text[], p_person text[],
  p_run uuid[], p_day timestamptz[],
  p_elapsed_ms bigint[], p_reserved_pusd bigint[], p_reserved_tokens bigint[], p_cost_pusd bigint[],
  p_input_tokens bigint[], p_cached_input_tokens bigint[], p_cache_write_tokens bigint[],
  p_output_tokens bigint[], p_price_known boolean[], p_usage_source text[], p_status text[],
  p_model text[], p_deployment text[], p_provider text[],
  p_session text[], p_agent text[], p_tags text[],
  p_want_org uuid[], p_want_kind text[], p_want_scope text[],
  p_want_cost bigint[], p_want_tokens bigint[], p_want_requests bigint[]
) returns table (
  holding_id uuid,
  -- Of a holding: null when it is gone.
  is_recalled boolean, day timestamptz, left_of_day_ms bigint,
  -- Of a share.
  budget_id bigint, scope_kind text, scope_id text, measure text, period text, amount bigint,
  limit_amount numeric, used numeric
)
language plpgsql
set plan_cache_mode = force_generic_plan -- a plan made for each batch costs more than the batch
set enable_seqscan = off -- and one plan must do for a table that is empty now and full of dead rows later
as $$
#variable_conflict use_column
declare
  c_system constant text := 'system:ledger';
  c_ids_max constant int := 200;
  v_now timestamptz;
  v_day timestamptz;
  v_live uuid[];
  v_live_orgs uuid[];
  v_recalled boolean[];
  v_budgets bigint[];
begin
  perform set_config('sagewai.orgs', array_to_string(p_holder_org, ','), true);
  perform pg_advisory_xact_lock_shared(ledger_lock_key(o.org)) -- B5
  from (select distinct g.org from unnest(p_holder_org) g(org) order by 1) o;

  if true = any(p_is_new) then
    insert into holding (id, org_id, expires_at)
    select g.id, g.org, app_clock() + p_ttl_ms * interval '1 millisecond'
    from unnest(p_holding, p_holder_org, p_is_new) g(id, org, is_new)
    where g.is_new
      and not exists (select from share_pause p where p.org_id = g.org and p.until > app_clock()) -- B5
    on conflict do nothing;
  end if;
  with extended as (
    update holding h set expires_at = app_clock() + p_ttl_ms * interval '1 millisecond'
    from (select l.id from holding l where l.id = any(p_holding) order by l.id for update) l
    where h.id = l.id
    returning h.id, h.org_id, h.is_recalled
  )
  select array_agg(e.id), array_agg(e.org_id), array_agg(e.is_recalled)
  into v_live, v_live_orgs, v_recalled
  from extended e;

  -- Locked in the order of every other statement.
  select array_agg(l.id), max(l.opened_at)
  into v_budgets, v_now
  from (
    select b.id, b.opened_at
    from (
      select g.org, s.kind, s.id
      from (select distinct c.org, c.project, c.key, c.team, c.person
            from unnest(p_org, p_project, p_key, p_team, p_person) c(org, project, key, team, person)) g
      cross join lateral (values ('organization', g.org::text), ('project', g.project::text),
                                 ('key', g.key::text), ('team', g.team), ('person', g.person)) s(kind, id)
      where s.id is not null
      union
      select w.org, w.kind, w.id from unnest(p_want_org, p_want_kind, p_want_scope) w(org, kind, id)
    ) above
    join budget b on b.org_id = above.org and b.scope_kind = above.kind and b.scope_id = above.id
    where above.org = any(v_live_orgs)
    order by b.id
    for update of b
  ) l;
  v_now := greatest(app_clock(), v_now); -- B2
  v_day := day_of(v_now);

  return query
    with booked as materialized (
      insert into spend as s (
        id, entry, org_id, project_id, key_id, team_id, person_id, run_id, cost_pusd, input_tokens, cached_input_tokens,
        cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd, overrun_tokens,
        price_known, started_at, at, usage_source, status, model, deployment, provider, session_id, agent,
        tags, from_share)
      select g.id, 0, g.org, g.project, g.key, g.team, g.person, g.run, g.cost, g.input, g.cached, g.written, g.output,
             g.reserved, g.reserved_tokens, greatest(0, g.cost - g.reserved),
             greatest(0, g.input + g.output - g.reserved_tokens), g.price_known,
             -- B3. In the day that admitted it.
             least(greatest(v_now - g.elapsed_ms * interval '1 millisecond', g.day),
                   g.day + interval '1 day' - interval '1 microsecond', v_now),
             v_now, g.source, g.status, g.model, g.deployment, g.provider, g.session, g.agent,
             case when g.tags is not null then array(select jsonb_array_elements_text(g.tags::jsonb)) end,
             true
      from unnest(p_id, p_org, p_project, p_key, p_team, p_person, p_run, p_day, p_elapsed_ms, p_reserved_pusd,
                  p_reserved_tokens, p_cost_pusd, p_input_tokens, p_cached_input_tokens,
                  p_cache_write_tokens, p_output_tokens, p_price_known, p_usage_source, p_status, p_model,
                  p_deployment, p_provider, p_session, p_agent, p_tags)
        g(id, org, project, key, team, person, run, day, elapsed_ms, reserved, reserved_tokens, cost, input, cached,
          written, output, price_known, source, status, model, deployment, provider, session, agent, tags)
      where g.org = any(v_live_orgs)
      on conflict do nothing -- B3
      returning s.id, s.org_id, s.project_id, s.key_id, s.team_id, s.person_id,
                day_of(s.started_at) as day,
                s.cost_pusd - s.overrun_pusd as cost, s.overrun_pusd as cost_overrun,
                s.input_tokens + s.output_tokens - s.overrun_tokens as tokens,
                s.overrun_tokens as tokens_overrun, spend_fields(s) as fields
    ), moved as (
      select b.org_id, b.project_id, b.key_id, b.team_id, b.person_id, b.day, sum(b.cost) as cost,
             sum(b.cost_overrun) as cost_overrun, sum(b.tokens) as tokens,
             sum(b.tokens_overrun) as tokens_overrun, count(*) as requests
      from booked b group by b.org_id, b.project_id, b.key_id, b.team_id, b.person_id, b.day
    ), charge as (
      select k.id,
             sum(case k.measure when 'cost' then m.cost when 'tokens' then m.tokens else m.requests end)
               filter (where is_sliding(k.period) or m.day >= window_of(k.period, v_now)) as charged,
             sum(case k.measure when 'cost' then m.cost_overrun when 'tokens' then m.tokens_overrun
                 else 0 end) as overrun
      from moved m
      join budget k
        on k.org_id = m.org_id and in_scope(k.scope_kind, k.scope_id, m.org_id, m.project_id, m.key_id, m.team_id,
                                         m.person_id)
      where k.id = any(v_budgets)
      group by k.id
    ), before as (
      select k.id, k.org_id, k.period, k.scope_kind, k.scope_id, k.measure, k.limit_amount,
             h.id as holding_id,
             coalesce(c.charged, 0) as charged, coalesce(c.overrun, 0) as overrun,
             case when is_sliding(k.period) or k.opened_at >= window_of(k.period, v_now) then k.reserved else 0 end as reserved,
             case when is_sliding(k.period) then turned.total
                  when k.opened_at >= window_of(k.period, v_now) then k.settled else 0 end as settled,
             turned.slots,
             case when is_sliding(k.period) or s.day >= window_of(k.period, v_now) then coalesce(s.amount, 0) else 0 end as held,
             case k.measure when 'cost' then w.cost when 'tokens' then w.tokens else w.requests end as want,
             -- An hour may end within a day, and a share is of a whole one.
             coalesce(k.exact_until > v_now, false) or h.is_recalled or k.period = 'hour' as is_exact
      from budget k
      join unnest(v_live, v_live_orgs, v_recalled) h(id, org, is_recalled) on h.org = k.org_id
      left join share s on s.budget_id = k.id and s.holding_id = h.id
      left join charge c on c.id = k.id
      left join unnest(p_want_org, p_want_kind, p_want_scope, p_want_cost, p_want_tokens, p_want_requests)
        w(org, kind, scope, cost, tokens, requests)
        on w.org = k.org_id and w.kind = k.scope_kind and w.scope = k.scope_id
      left join lateral (
        select r.slots, r.total
        from ring_after(k.slots, k.settled, k.opened_at, v_now, array[epoch_second(v_now)],
                        array[(coalesce(c.charged, 0) + coalesce(c.overrun, 0))::bigint]) r
        where is_sliding(k.period)
      ) turned on true
      where k.id = any(v_budgets)
    ), balance as (
      select b.*,
             -- M1. A part of what is left, so that there are no shares near a limit.
             case when b.is_exact or b.want is null then 0
               else greatest(0, least(b.want - (b.held - b.charged),
                 div(b.limit_amount - b.settled - b.reserved, p_divisor))) end as granted
      from (
        select b.id, b.org_id, b.period, b.scope_kind, b.scope_id, b.measure, b.limit_amount, b.holding_id,
               b.charged, b.overrun, b.held, b.want, b.is_exact, b.slots, b.reserved - b.charged as reserved,
               case when is_sliding(b.period) then b.settled else b.settled + b.charged + b.overrun end as settled
        from before b
      ) b
    ), shared as materialized (
      insert into share as s (budget_id, holding_id, org_id, amount, day)
      select b.id, b.holding_id, b.org_id, b.held - b.charged + b.granted,
             case when not is_sliding(b.period) then v_day end
      from balance b
      on conflict (budget_id, holding_id) do update set amount = excluded.amount, day = excluded.day
      returning s.budget_id, s.amount
    ), balanced as materialized (
      update budget k
      set opened_at = greatest(k.opened_at, window_of(k.period, v_now)),
          settled = b.settled, reserved = b.reserved + b.granted, slots = b.slots
      from balance b
      where k.id = b.id
      returning k.id, k.scope_kind, k.scope_id, k.measure, k.period, k.limit_amount,
                k.settled + k.reserved as used, b.holding_id
    ), audited as materialized (
      -- One entry a batch and organization, in one order of organizations, and last: it is a lock.
      select audit_append(a.org_id, c_system, 'call.settled', a.subject, 'ok', '', a.details::text)
      from (
        select s.org_id,
               case count(*) when 1 then min(s.id::text) else 'batch' end as subject,
               jsonb_build_object(
                 'kind', 'call.settled', 'count', count(*),
                 'digest', encode(sha256(convert_to(string_agg(spend_field(s.fields), '' order by s.id), 'UTF8')), 'hex'))
               || case when count(*) <= c_ids_max
                 then jsonb_build_object('ids', string_agg(s.id::text, ' ' order by s.id))
                 else jsonb_build_object('first', min(s.id::text), 'last', max(s.id::text)) end as details
        from booked s
        cross join (select count(*) from balanced) after
        group by s.org_id
        order by s.org_id
      ) a
    )
    select h.id, h.is_recalled, v_day,
           ceil(extract(epoch from v_day + interval '1 day' - v_now) * 1000)::bigint,
           null::bigint, null::text, null::text, null::text, null::text, null::bigint,
           null::numeric, null::numeric
    from unnest(v_live, v_recalled) h(id, is_recalled)
    cross join (select count(*) from audited) a
    union all
    select b.holding_id, null, null, null, b.id, b.scope_kind, b.scope_id, b.measure, b.period,
           s.amount, b.limit_amount, b.used
    from balanced b join shared s on s.budget_id = b.id;

  if exists (
    select from unnest(p_cost_pusd, p_reserved_pusd, p_input_tokens, p_output_tokens, p_reserved_tokens)
      g(cost, reserved, input, output, reserved_tokens)
    where g.cost > g.reserved or g.input + g.output > g.reserved_tokens
  ) then
    perform ledger_recall_overdrawn(v_budgets);
  end if;
end $$;
