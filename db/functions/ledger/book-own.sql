-- `ledger_book` for the usual case: one holding that lives, calls of its present day, budgets that are
-- known. Its holder says what each budget is charged, as it has counted already; B4 compares that with
-- the rows. Has booked nothing when the case is not the usual one after all: it answers nothing, or fails. A column
-- in which every call says the same may say it once: of those that the field is never without.
create or replace function ledger_book_own(
  p_holding uuid, p_org uuid, p_day timestamptz, p_ttl_ms bigint, p_divisor bigint,
  p_id uuid[], p_project uuid[], p_key uuid[], p_team text[], p_person text[], p_run uuid[],
  p_elapsed_ms bigint[], p_reserved_pusd bigint[], p_reserved_tokens bigint[], p_cost_pusd bigint[],
  p_input_tokens bigint[], p_cached_input_tokens bigint[], p_cache_write_tokens bigint[],
  p_output_tokens bigint[], p_price_known boolean[], p_usage_source text[], p_status text[],
  p_model text[], p_deployment text[], p_provider text[],
  p_session text[], p_agent text[], p_tags text[],
  p_budget bigint[], p_charged bigint[], p_overrun bigint[], p_want bigint[]
) returns table (
  is_recalled boolean, left_of_day_ms bigint, budget_id bigint, amount bigint, limit_amount numeric,
  used numeric
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  c_system constant text := 'system:ledger';
  c_ids_max constant int := 200;
  v_now timestamptz;
  v_second timestamptz;
  v_slot int;
  v_day_slot int;
  v_left_ms bigint;
  v_week timestamptz;
  v_month timestamptz;
  v_oldest record;
  v_recalled boolean;
  v_count int := 0;
  v_rows int;
  v_records text;
  v_ids text;
  v_first text;
  v_last text;
begin
  perform set_config('sagewai.orgs', p_org::text, true),
          pg_advisory_xact_lock_shared(ledger_lock_key(p_org)); -- B5
  update holding h set expires_at = app_clock() + p_ttl_ms * interval '1 millisecond'
  where h.id = p_holding
  returning h.is_recalled into v_recalled;
  if not found then return; end if;

  -- Locked in the order of every other statement.
  select max(l.opened_at) as newest,
         min(l.opened_at) filter (where l.period = 'minute') as minute,
         min(l.opened_at) filter (where l.period = 'hour') as hour,
         min(l.opened_at) filter (where l.period = 'day') as day,
         min(l.opened_at) filter (where l.period = 'week') as week,
         min(l.opened_at) filter (where l.period = 'month') as month,
         min(l.opened_at) filter (where l.period = '30_days') as thirty_days
  into v_oldest
  from (select b.opened_at, b.period from budget b where b.id = any(p_budget) order by b.id for update) l;
  v_now := greatest(app_clock(), v_oldest.newest); -- B2
  if day_of(v_now) <> p_day then return; end if;
  v_second := date_trunc('second', v_now);
  v_slot := ring_slot(61, v_now) % 61 + 1;
  v_day_slot := ring_slot(31, v_now) % 31 + 1;
  v_left_ms := ceil(extract(epoch from p_day + interval '1 day' - v_now) * 1000);
  if v_oldest.week is not null then v_week := window_of('week', v_now); end if;
  if v_oldest.month is not null then v_month := window_of('month', v_now); end if;

  -- B1. What has turned since: seldom, and then for all that follow.
  if v_oldest.minute < v_second or v_oldest.hour < date_trunc('hour', v_now, 'UTC')
     or least(v_oldest.day, v_oldest.thirty_days) < p_day or v_oldest.week < v_week or v_oldest.month < v_month then
    update budget k
    set (opened_at, settled, reserved, slots) = (
      select window_of(k.period, v_now), coalesce(r.total, 0),
             case when is_sliding(k.period) then k.reserved else 0 end, r.slots
      from (values (1)) one
      left join lateral ring_after(k.slots, k.settled, k.opened_at, v_now, null, null) r
        on is_sliding(k.period))
    where k.id = any(p_budget) and k.opened_at < window_of(k.period, v_now);
  end if;

  if cardinality(p_id) > 0 then
    -- Without `on conflict`, which looks for each row before it writes it: a repetition fails.
    insert into spend (
      id, entry, org_id, project_id, key_id, team_id, person_id, run_id, cost_pusd, input_tokens,
      cached_input_tokens, cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd,
      overrun_tokens, price_known, started_at, at, usage_source, status, model, deployment, provider,
      session_id, agent, tags, from_share)
    select g.id, 0, p_org, coalesce(g.project, p_project[1]), g.key, g.team, g.person, g.run, g.cost, g.input,
           coalesce(g.cached, p_cached_input_tokens[1]), coalesce(g.written, p_cache_write_tokens[1]),
           g.output, g.reserved, g.reserved_tokens, greatest(0, g.cost - g.reserved),
           greatest(0, g.input + g.output - g.reserved_tokens), coalesce(g.price_known, p_price_known[1]),
           greatest(v_now - g.elapsed_ms * interval '1 millisecond', p_day), -- B3
           v_now, coalesce(g.source, p_usage_source[1]), coalesce(g.status, p_status[1]),
           coalesce(g.model, p_model[1]), coalesce(g.deployment, p_deployment[1]), g.provider, g.session,
           g.agent,
           case when g.tags is not null then array(select jsonb_array_elements_text(g.tags::jsonb)) end,
           true
    from unnest(p_id, p_project, p_key, p_team, p_person, p_run, p_elapsed_ms, p_reserved_pusd,
                p_reserved_tokens, p_cost_pusd, p_input_tokens, p_cached_input_tokens, p_cache_write_tokens,
                p_output_tokens, p_price_known, p_usage_source, p_status, p_model, p_deployment,
                p_provider, p_session, p_agent, p_tags)
      g(id, project, key, team, person, run, elapsed_ms, reserved, reserved_tokens, cost, input, cached,
        written, output, price_known, source, status, model, deployment, provider, session, agent, tags);
    get diagnostics v_count = row_count;

    -- Of what was said: what is returned would be mapped back for each partition.
    select string_agg(spend_field(r.fields), ''), string_agg(r.id, ' '), min(r.id), max(r.id)
    into v_records, v_ids, v_first, v_last
    from (
      select g.id::text as id,
             call_fields(g.id, 0::smallint, g.project, g.key, g.run, g.model, g.status, g.source, g.input,
                         g.output, g.cost, g.overrun) as fields
      from (
        select u.id, coalesce(u.project, p_project[1]) as project, u.key, u.run,
               coalesce(u.model, p_model[1]) as model, coalesce(u.status, p_status[1]) as status,
               coalesce(u.source, p_usage_source[1]) as source, u.input, u.output, u.cost,
               greatest(0, u.cost - u.reserved) as overrun
        from unnest(p_id, p_project, p_key, p_run, p_model, p_status, p_usage_source, p_input_tokens,
                    p_output_tokens, p_cost_pusd, p_reserved_pusd)
          u(id, project, key, run, model, status, source, input, output, cost, reserved)
        order by u.id
        offset 0) g
      offset 0) r;
  end if;

  return query
    with balance as materialized (
      select k.id, k.period, g.charged + g.overrun as spent, k.settled + g.charged + g.overrun as settled,
             k.reserved - g.charged as reserved, h.held,
             -- M1. A part of what is left, so that there are no shares near a limit.
             -- (`least` passes over a null.)
             case when g.want is null or v_recalled or k.exact_until > v_now or k.period = 'hour' then 0
               else greatest(0, least(g.want - h.held,
                 div(k.limit_amount - k.settled - g.overrun - k.reserved, p_divisor)))
             end::bigint as granted
      from unnest(p_budget, p_charged, p_overrun, p_want) g(id, charged, overrun, want)
      join budget k on k.id = g.id
      join share s on s.budget_id = g.id and s.holding_id = p_holding
      cross join lateral (
        select case when s.day < case k.period when 'day' then p_day when 'week' then v_week
                                   when 'month' then v_month end then 0 else s.amount end - g.charged as held
        offset 0) h
    ), shared as (
      update share s set amount = b.held + b.granted, day = case when not is_sliding(b.period) then p_day end
      from balance b
      where s.budget_id = b.id and s.holding_id = p_holding
    )
    update budget k
    set settled = b.settled, reserved = b.reserved + b.granted,
        slots = case b.period
          when 'minute' then k.slots[1:v_slot - 1] || (k.slots[v_slot] + b.spent) || k.slots[v_slot + 1:61]
          when '30_days' then
            k.slots[1:v_day_slot - 1] || (k.slots[v_day_slot] + b.spent) || k.slots[v_day_slot + 1:31] end
    from balance b
    where k.id = b.id
    returning v_recalled, v_left_ms, k.id, b.held + b.granted, k.limit_amount, k.settled + k.reserved;

  get diagnostics v_rows = row_count;
  if v_rows <> cardinality(p_budget) then
    raise exception 'a budget or its share is gone' using errcode = 'SG001';
  end if;
  if 0 < any(p_overrun) then
    perform ledger_recall_overdrawn(p_budget);
  end if;

  if v_count > 0 then
    -- Last: it is a lock.
    perform audit_append(p_org, c_system, 'call.settled',
      case v_count when 1 then v_first else 'batch' end, 'ok', '',
      (jsonb_build_object('kind', 'call.settled', 'count', v_count,
         'digest', encode(sha256(convert_to(v_records, 'UTF8')), 'hex'))
       || case when v_count <= c_ids_max then jsonb_build_object('ids', v_ids)
          else jsonb_build_object('first', v_first, 'last', v_last) end)::text);
  end if;
end $$;
