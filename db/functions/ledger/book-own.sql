-- `ledger_book` for the usual case: one holding that lives, calls of its present day, budgets that are
-- known. Its holder says what each budget is charged, as it has counted already; B4 compares that with
-- the rows. Answers nothing, and has booked nothing, when the case is not the usual one after all.
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
  v_second bigint;
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
  select max(l.opened_at) into v_now
  from (select b.opened_at from budget b where b.id = any(p_budget) order by b.id for update) l;
  v_now := greatest(app_clock(), v_now); -- B2
  if day_of(v_now) <> p_day then return; end if;
  v_second := epoch_second(v_now);

  if cardinality(p_id) > 0 then
    with booked as (
      insert into spend as s (
        id, entry, org_id, project_id, key_id, team_id, person_id, run_id, cost_pusd, input_tokens, cached_input_tokens,
        cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd, overrun_tokens,
        price_known, started_at, at, usage_source, status, model, deployment, provider, session_id, agent,
        tags, from_share)
      select g.id, 0, p_org, g.project, g.key, g.team, g.person, g.run, g.cost, g.input, g.cached, g.written, g.output,
             g.reserved, g.reserved_tokens, greatest(0, g.cost - g.reserved),
             greatest(0, g.input + g.output - g.reserved_tokens), g.price_known,
             greatest(v_now - g.elapsed_ms * interval '1 millisecond', p_day), -- B3
             v_now, g.source, g.status, g.model, g.deployment, g.provider, g.session, g.agent,
             case when g.tags is not null then array(select jsonb_array_elements_text(g.tags::jsonb)) end,
             true
      from unnest(p_id, p_project, p_key, p_team, p_person, p_run, p_elapsed_ms, p_reserved_pusd, p_reserved_tokens,
                  p_cost_pusd, p_input_tokens, p_cached_input_tokens, p_cache_write_tokens,
                  p_output_tokens, p_price_known, p_usage_source, p_status, p_model, p_deployment,
                  p_provider, p_session, p_agent, p_tags)
        g(id, project, key, team, person, run, elapsed_ms, reserved, reserved_tokens, cost, input, cached, written,
          output, price_known, source, status, model, deployment, provider, session, agent, tags)
      on conflict do nothing
      returning s.id, spend_fields(s) as fields
    ), sorted as (
      select b.id::text as id, b.fields from booked b order by b.id
    )
    -- A function of a function is called, one of a column is inlined.
    select count(*), string_agg(spend_field(s.fields), ''), string_agg(s.id, ' '), min(s.id), max(s.id)
    into v_count, v_records, v_ids, v_first, v_last
    from sorted s;
    if v_count <> cardinality(p_id) then
      -- Some of it is a repetition: then what the budgets are charged is not what was said.
      raise exception 'a call of the batch was booked before' using errcode = 'SG001';
    end if;
  end if;

  return query
    with before as (
      select k.id, k.period, g.charged, g.overrun,
             case when k.period = 'minute' then turned.total
               else case when k.opened_at >= window_of(k.period, v_now) then k.settled else 0 end + g.charged + g.overrun
             end as settled,
             case when k.period = 'minute' or k.opened_at >= window_of(k.period, v_now) then k.reserved else 0 end - g.charged as reserved,
             turned.slots,
             case when s.day is null or s.day >= window_of(k.period, v_now) then s.amount else 0 end - g.charged as held,
             case when k.exact_until > v_now or v_recalled or k.period = 'hour' then null else g.want end as want
      from unnest(p_budget, p_charged, p_overrun, p_want) g(id, charged, overrun, want)
      join budget k on k.id = g.id
      join share s on s.budget_id = g.id and s.holding_id = p_holding
      left join lateral (
        select r.slots, r.total
        from ring_after(k.slots, k.settled, k.opened_at, v_now, array[v_second],
                        array[g.charged + g.overrun]) r
        where k.period = 'minute'
      ) turned on true
    ), balance as (
      select b.id, b.period, b.settled, b.reserved, b.slots, b.held,
             -- M1. A part of what is left, so that there are no shares near a limit.
             -- (`least` passes over a null.)
             case when b.want is null then 0
               else greatest(0, least(b.want - b.held,
                 div(k.limit_amount - b.settled - b.reserved, p_divisor))) end::bigint as granted
      from before b join budget k on k.id = b.id
    ), shared as (
      update share s set amount = b.held + b.granted, day = case when b.period <> 'minute' then p_day end
      from balance b
      where s.budget_id = b.id and s.holding_id = p_holding
      returning s.budget_id, s.amount
    ), balanced as (
      update budget k
      set opened_at = greatest(k.opened_at, window_of(k.period, v_now)),
          settled = b.settled, reserved = b.reserved + b.granted, slots = b.slots
      from balance b
      where k.id = b.id
      returning k.id, k.limit_amount, k.settled + k.reserved as used
    )
    select v_recalled, ceil(extract(epoch from p_day + interval '1 day' - v_now) * 1000)::bigint,
           b.id, s.amount, b.limit_amount, b.used
    from balanced b join shared s on s.budget_id = b.id;

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
