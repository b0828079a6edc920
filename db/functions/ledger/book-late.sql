-- M2. Books calls that were admitted from shares of a holding that is gone. Where the holding was booked
-- as lost, what the call cost is in that already: as much is taken back, once.
create or replace function ledger_book_late(
  p_orgs uuid[],
  p_holding uuid[], p_id uuid[], p_org uuid[], p_project uuid[], p_key uuid[],
  p_team text[], p_person text[], p_run uuid[],
  p_day timestamptz[], p_elapsed_ms bigint[], p_reserved_pusd bigint[], p_reserved_tokens bigint[],
  p_cost_pusd bigint[], p_input_tokens bigint[], p_cached_input_tokens bigint[],
  p_cache_write_tokens bigint[], p_output_tokens bigint[], p_price_known boolean[], p_usage_source text[],
  p_status text[], p_model text[], p_deployment text[], p_provider text[],
  p_session text[], p_agent text[], p_tags text[]
) returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  c_system constant text := 'system:ledger';
  v_now timestamptz;
  v_budgets bigint[];
  v_call record;
  v_booked spend;
  v_budget budget;
  v_charged bigint;
  v_overrun bigint;
  v_lost record;
  v_back bigint;
begin
  perform set_config('sagewai.orgs', array_to_string(p_orgs, ','), true);
  perform pg_advisory_xact_lock_shared(ledger_lock_key(o.org)) -- B5
  from (select distinct g.org from unnest(p_org) g(org) order by 1) o;
  perform from holding h where h.id = any(p_holding) order by h.id for update;
  if found then
    perform ledger_forfeit(p_orgs, 1000, p_holding); -- their holder has given up on them
  end if;
  select array_agg(l.id), max(l.opened_at)
  into v_budgets, v_now
  from (
    select b.id, b.opened_at
    from (
      select distinct g.org, s.kind, s.id
      from unnest(p_org, p_project, p_key, p_team, p_person) g(org, project, key, team, person)
      cross join lateral (values ('organization', g.org::text), ('project', g.project::text),
                                 ('key', g.key::text), ('team', g.team), ('person', g.person)) s(kind, id)
      where s.id is not null
    ) above
    join budget b on b.org_id = above.org and b.scope_kind = above.kind and b.scope_id = above.id
    order by b.id
    for update of b
  ) l;
  v_now := greatest(app_clock(), v_now); -- B2

  for v_call in
    select * from unnest(p_holding, p_id, p_org, p_project, p_key, p_team, p_person, p_run, p_day, p_elapsed_ms,
        p_reserved_pusd, p_reserved_tokens, p_cost_pusd, p_input_tokens, p_cached_input_tokens,
        p_cache_write_tokens, p_output_tokens, p_price_known, p_usage_source, p_status, p_model,
        p_deployment, p_provider, p_session, p_agent, p_tags)
      g(holding, id, org, project, key, team, person, run, day, elapsed_ms, reserved, reserved_tokens, cost, input, cached,
        written, output, price_known, source, status, model, deployment, provider, session, agent, tags)
    order by g.org, g.id
  loop
    -- What its holder's last statement made a reservation, while the holding was waited for above: settled as one.
    continue when exists (
      select from reservation r where r.id = v_call.id and r.org_id = v_call.org);
    v_booked := null;
    insert into spend as s (
      id, entry, org_id, project_id, key_id, team_id, person_id, run_id, cost_pusd, input_tokens, cached_input_tokens,
      cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd, overrun_tokens,
      price_known, started_at, at, usage_source, status, model, deployment, provider, session_id, agent,
      tags, from_share)
    values (
      v_call.id, 0, v_call.org, v_call.project, v_call.key, v_call.team, v_call.person, v_call.run, v_call.cost, v_call.input,
      v_call.cached, v_call.written, v_call.output, v_call.reserved, v_call.reserved_tokens,
      greatest(0, v_call.cost - v_call.reserved),
      greatest(0, v_call.input + v_call.output - v_call.reserved_tokens), v_call.price_known,
      least(greatest(v_now - v_call.elapsed_ms * interval '1 millisecond', v_call.day),
            v_call.day + interval '1 day' - interval '1 microsecond', v_now),
      v_now, v_call.source, v_call.status, v_call.model, v_call.deployment, v_call.provider,
      v_call.session, v_call.agent,
      case when v_call.tags is not null
        then array(select jsonb_array_elements_text(v_call.tags::jsonb)) end, true)
    on conflict do nothing -- B3
    returning s.* into v_booked;
    continue when v_booked.id is null;

    for v_budget in
      select b.* from budget b
      where b.id = any(v_budgets) and b.org_id = v_call.org
        and in_scope(b.scope_kind, b.scope_id, v_call.org, v_call.project, v_call.key, v_call.team,
                     v_call.person)
      order by b.id
    loop
      v_overrun := case v_budget.measure when 'cost' then v_booked.overrun_pusd
        when 'tokens' then v_booked.overrun_tokens else 0 end;
      v_charged := case v_budget.measure when 'cost' then v_booked.cost_pusd
        when 'tokens' then v_booked.input_tokens + v_booked.output_tokens else 1 end - v_overrun;
      if is_sliding(v_budget.period) then
        update budget b set opened_at = date_trunc('second', v_now), settled = t.total, slots = t.slots
        from ring_after(v_budget.slots, v_budget.settled, v_budget.opened_at, v_now,
          array[epoch_second(v_now)], array[v_charged + v_overrun]) t
        where b.id = v_budget.id;
      else
        update budget b
        set opened_at = greatest(b.opened_at, window_of(b.period, v_now)),
            settled = case when b.opened_at >= window_of(b.period, v_now) then b.settled else 0 end + v_overrun
              + case when v_booked.started_at >= window_of(b.period, v_now) then v_charged else 0 end,
            reserved = case when b.opened_at >= window_of(b.period, v_now) then b.reserved else 0 end
        where b.id = v_budget.id;
      end if;
    end loop;

    -- Also of a limit that is no more: it may come back, and starts from the rows then (B5).
    for v_lost in
      select l.scope_kind, l.scope_id, l.measure, l.period, l.charged_at, sum(l.amount)::bigint as amount
      from lost_share l
      where l.holding_id = v_call.holding and l.org_id = v_call.org
        and in_scope(l.scope_kind, l.scope_id, v_call.org, v_call.project, v_call.key, v_call.team,
                     v_call.person)
      group by 1, 2, 3, 4, 5
      having sum(l.amount) > 0
    loop
      v_back := least(v_lost.amount, case v_lost.measure
        when 'cost' then v_booked.cost_pusd - v_booked.overrun_pusd
        when 'tokens' then v_booked.input_tokens + v_booked.output_tokens - v_booked.overrun_tokens
        else 1 end);
      continue when v_back = 0;
      insert into lost_share (org_id, holding_id, scope_kind, scope_id, measure, period, amount, charged_at,
                              booked_at)
      values (v_call.org, v_call.holding, v_lost.scope_kind, v_lost.scope_id, v_lost.measure, v_lost.period,
              -v_back, v_lost.charged_at, v_now);
      update budget b
      set settled = case when is_sliding(b.period) then t.total
            when v_lost.charged_at >= window_of(b.period, v_now) then b.settled - v_back else b.settled end,
          slots = t.slots
      from budget k
      left join lateral (
        select r.slots, r.total
        from ring_after(k.slots, k.settled, k.opened_at, k.opened_at,
                        array[epoch_second(v_lost.charged_at)], array[-v_back]) r
        where is_sliding(k.period)
      ) t on true
      where b.id = k.id and k.id = any(v_budgets) and k.scope_kind = v_lost.scope_kind
        and k.scope_id = v_lost.scope_id and k.measure = v_lost.measure and k.period = v_lost.period;
    end loop;

    perform audit_append(v_booked.org_id, c_system, 'call.settled', v_booked.id::text, 'ok', '',
      jsonb_build_object(
        'kind', 'call.settled', 'count', 1, 'ids', v_booked.id::text,
        'digest', encode(sha256(convert_to(spend_field(spend_fields(v_booked)), 'UTF8')), 'hex'))::text);
  end loop;
  perform ledger_recall_overdrawn(v_budgets);
end $$;
