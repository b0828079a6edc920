create or replace function ledger_reserve(
  p_orgs uuid[],
  p_id uuid[], p_org uuid[], p_project uuid[], p_key uuid[], p_team text[], p_person text[],
  p_run uuid[], p_worker uuid[],
  p_model text[], p_deployment text[], p_session text[], p_agent text[], p_tags text[],
  p_fixed_pusd bigint[], p_output_price bigint[], p_input_tokens bigint[], p_output_tokens bigint[],
  p_price_known boolean[], p_may_cap boolean[], p_ttl_ms bigint[],
  -- Of a call: those that it is made in, with a blank between them.
  p_contexts text[] default null,
  -- How limits of parts name its model, and whom it is for.
  p_model_names text[] default null, p_end_users text[] default null
) returns table (
  id uuid,
  -- Null: refused, and the columns after `amount_pusd` say by what.
  output_tokens bigint,
  amount_pusd bigint,
  measure text, period text, scope_kind text, scope_id text,
  limit_amount numeric, used numeric,
  -- Null: never at this limit.
  retry_after_ms bigint,
  -- The budget that refuses, and what of it is in shares.
  budget_id bigint, in_shares bigint
)
language plpgsql
set plan_cache_mode = force_generic_plan -- a plan made for each batch costs more than the batch
set enable_seqscan = off -- and one plan must do for a table that is empty now and full of dead rows later
as $$
#variable_conflict use_column
declare
  -- The shortest answer that a cap may leave: some providers refuse a smaller one.
  c_output_tokens_floor constant bigint := 16;
  -- From the one whose window empties first.
  c_periods constant text[] := array['minute', 'hour', 'day', 'week', 'month', '30_days', 'total'];
  v_now timestamptz;
  v_calls int := coalesce(cardinality(p_id), 0);
  -- A position a call: every scope that it names.
  v_contexts text[] := p_contexts;
  -- Budgets of parts that this batch is the first of.
  v_opened bigint[];
  -- A position a locked budget.
  v_ids bigint[];
  v_scopes text[];
  v_measures int[];
  v_periods text[];
  v_left bigint[];
  v_taken bigint[];
  v_used boolean[];
  -- A position a call.
  v_granted bigint[] := array_fill(null::bigint, array[v_calls]);
  v_amounts bigint[] := array_fill(null::bigint, array[v_calls]);
  v_blockers bigint[] := array_fill(null::bigint, array[v_calls]);
  v_needs bigint[] := array_fill(null::bigint, array[v_calls]);
  v_admitted boolean := false;
  v_refused boolean := false;
  v_call record;
  v_position int;
  v_grant bigint;
  v_need bigint;
  v_fit bigint;
  v_blocker int;
  v_amount bigint;
begin
  perform set_config('sagewai.orgs', array_to_string(p_orgs, ','), true);
  perform pg_advisory_xact_lock_shared(ledger_lock_key(o.org)) -- B5
  from (select distinct g.org from unnest(p_org) g(org) order by 1) o;

  if exists (select from facet_limit l where l.org_id = any(p_orgs)) then
    with part as (
      select g.n, g.org, f.limit_id, f.kind, f.id
      from unnest(p_org, p_project, p_key, p_team, p_person, p_model_names, p_session, p_agent, p_tags, p_end_users)
             with ordinality g(org, project, key, team, person, model, session, agent, tags, end_user, n)
      cross join lateral ledger_facets_of(g.org, g.project, g.key, g.team, g.person, g.model, g.session,
                                          g.agent, g.tags, g.end_user) f
    ), opened as (
      select ledger_open_facets(array_agg(p.org), array_agg(p.limit_id), array_agg(p.kind), array_agg(p.id)) as ids
      from part p
    )
    select array_agg(nullif(concat_ws(' ', g.contexts, p.names), '') order by g.n), (select o.ids from opened o)
    into v_contexts, v_opened
    from unnest(p_id, p_contexts) with ordinality g(id, contexts, n)
    left join (select p.n, string_agg(p.kind || ':' || p.id, ' ' order by p.kind, p.id) as names from part p group by p.n) p
      on p.n = g.n;
  end if;

  -- Locked before anything is read, in one order: an update that locks as it goes deadlocks.
  select array_agg(l.id order by l.id), max(l.opened_at)
  into v_ids, v_now
  from (
    select b.id, b.opened_at
    from (
      select distinct g.org, s.kind, s.id
      from unnest(p_org, p_project, p_key, p_team, p_person, v_contexts)
        g(org, project, key, team, person, contexts)
      cross join lateral (
        values ('organization', g.org::text), ('project', g.project::text),
               ('key', g.key::text), ('team', g.team), ('person', g.person)
        union all select n.kind, n.id from ledger_named(g.contexts) n
      ) s(kind, id)
      where s.id is not null
    ) above
    join budget b on b.org_id = above.org and b.scope_kind = above.kind and b.scope_id = above.id
    order by b.id
    for update of b
  ) l;

  -- B2. Read after the wait for the locks, and never before what they already hold.
  v_now := greatest(app_clock(), v_now);

  select array_agg(b.scope_kind || ' ' || b.scope_id order by n),
         array_agg(case b.measure when 'cost' then 1 when 'tokens' then 2 else 3 end order by n),
         array_agg(b.period order by n),
         -- A call that takes nothing from an overdrawn budget may pass: it adds nothing to it.
         array_agg(least(9223372036854775807, greatest(0, b.limit_amount - case
           when is_sliding(b.period) then
             (ring_after(b.slots, b.settled, b.opened_at, v_now, null, null)).total + b.reserved
           when b.opened_at >= window_of(b.period, v_now) then b.settled + b.reserved
           else 0 end))::bigint order by n)
  into v_scopes, v_measures, v_periods, v_left
  from unnest(v_ids) with ordinality locked(id, n) join budget b on b.id = locked.id;
  v_taken := array_fill(0::bigint, array[coalesce(cardinality(v_ids), 0)]);
  v_used := array_fill(false, array[coalesce(cardinality(v_ids), 0)]);

  for v_call in
    select g.*, coalesce(m.positions, '{}') as positions
    from unnest(p_org, p_fixed_pusd, p_output_price, p_input_tokens, p_output_tokens,
                p_may_cap)
           with ordinality g(org, fixed, price, input, output, may_cap, n)
    left join (
      select s.n, array_agg(b.n::int order by b.n) as positions
      from (
        select g.n, v.scope
        from unnest(p_org, p_project, p_key, p_team, p_person, v_contexts)
               with ordinality g(org, project, key, team, person, contexts, n)
        cross join lateral (
          values ('organization ' || g.org), ('project ' || g.project), ('key ' || g.key),
                 ('team ' || g.team), ('person ' || g.person)
          union all select n.kind || ' ' || n.id from ledger_named(g.contexts) n
        ) v(scope)
      ) s
      join unnest(v_scopes) with ordinality b(scope, n) on b.scope = s.scope
      group by s.n
    ) m on m.n = g.n
    order by g.n
  loop
    v_grant := v_call.output;
    v_need := case when v_call.may_cap then least(c_output_tokens_floor, v_grant) else v_grant end;
    v_blocker := null;
    foreach v_position in array v_call.positions loop
      v_fit := case v_measures[v_position]
        when 1 then case
          when v_left[v_position] < v_call.fixed then -1
          when v_call.price = 0 then v_grant
          else (v_left[v_position] - v_call.fixed) / v_call.price end
        when 2 then v_left[v_position] - v_call.input
        else case when v_left[v_position] >= 1 then v_grant else -1 end
      end;
      if v_fit < v_need then
        -- The longest wait is the one worth telling.
        if v_blocker is null or array_position(c_periods, v_periods[v_position])
          > array_position(c_periods, v_periods[v_blocker]) then
          v_blocker := v_position;
        end if;
      elsif v_fit < v_grant then
        v_grant := v_fit;
      end if;
    end loop;

    if v_blocker is null then
      v_amount := v_call.fixed + v_grant * v_call.price;
      foreach v_position in array v_call.positions loop
        v_fit := case v_measures[v_position]
          when 1 then v_amount when 2 then v_call.input + v_grant else 1 end;
        v_left[v_position] := v_left[v_position] - v_fit; -- M1
        v_taken[v_position] := v_taken[v_position] + v_fit;
        v_used[v_position] := true;
      end loop;
      v_granted[v_call.n] := v_grant;
      v_amounts[v_call.n] := v_amount;
      v_admitted := true;
    else
      v_blockers[v_call.n] := v_ids[v_blocker];
      v_needs[v_call.n] := case v_measures[v_blocker]
        when 1 then v_call.fixed + v_need * v_call.price when 2 then v_call.input + v_need else 1 end;
      v_refused := true;
    end if;
  end loop;

  if v_admitted then
    insert into reservation (
      id, org_id, project_id, key_id, team_id, person_id, run_id, worker_id, amount_pusd, input_tokens, output_tokens,
      price_known, created_at, expires_at, model, deployment, session_id, agent, tags, contexts)
    select g.id, g.org, g.project, g.key, g.team, g.person, g.run, g.worker, g.amount, g.input, g.granted,
           g.price_known, v_now, v_now + g.ttl_ms * interval '1 millisecond',
           g.model, g.deployment, g.session, g.agent,
           case when g.tags is not null then array(select jsonb_array_elements_text(g.tags::jsonb)) end,
           g.contexts
    from unnest(p_id, p_org, p_project, p_key, p_team, p_person, p_run, p_worker, v_amounts, p_input_tokens, v_granted,
                p_price_known, p_ttl_ms, p_model, p_deployment, p_session, p_agent, p_tags, v_contexts)
      g(id, org, project, key, team, person, run, worker, amount, input, granted,
        price_known, ttl_ms, model, deployment, session, agent, tags, contexts)
    where g.granted is not null;

    update budget b
    set opened_at = greatest(b.opened_at, window_of(b.period, v_now)),
        settled = case
          when is_sliding(b.period) then turned.total
          else case when b.opened_at >= window_of(b.period, v_now) then b.settled else 0 end
               + case b.measure when 'requests' then t.taken else 0 end end,
        reserved = case
          when is_sliding(b.period) then b.reserved
          else case when b.opened_at >= window_of(b.period, v_now) then b.reserved else 0 end
               + case b.measure when 'requests' then 0 else t.taken end end,
        slots = turned.slots
    from unnest(v_ids, v_taken) t(id, taken)
    join budget k on k.id = t.id
    left join lateral ring_after(k.slots, k.settled, k.opened_at, v_now,
                                 array[epoch_second(v_now)], array[t.taken]) turned
      on is_sliding(k.period)
    where b.id = t.id and t.taken > 0;
  end if;

  return query
    select g.id, g.granted, g.amount, null::text, null::text, null::text, null::text,
           null::numeric, null::numeric, null::bigint, null::bigint, null::bigint
    from unnest(p_id, v_granted, v_amounts) g(id, granted, amount)
    where g.granted is not null;

  if v_refused then
    return query
      select g.id, null::bigint, null::bigint, b.measure, b.period, b.scope_kind, b.scope_id,
             b.limit_amount, u.used,
             case
               when g.need > b.limit_amount then null
               when is_sliding(b.period) then
                 ring_wait_ms(b.slots, b.opened_at, v_now, u.used + g.need - b.limit_amount)
               else ceil(extract(epoch from window_end(b.period, v_now) - v_now) * 1000)::bigint
             end,
             b.id,
             (select coalesce(sum(h.amount), 0)::bigint from share h where h.budget_id = b.id)
      from unnest(p_id, v_blockers, v_needs) g(id, blocker, need)
      join budget b on b.id = g.blocker
      cross join lateral (
        select case
          when is_sliding(b.period) then
            (ring_after(b.slots, b.settled, b.opened_at, v_now, null, null)).total + b.reserved
          when b.opened_at >= window_of(b.period, v_now) then b.settled + b.reserved
          else 0 end as used
      ) u;
    -- M7. What refused calls alone have named is not kept: names are what callers make up.
    delete from budget b
    using unnest(v_ids, v_used) n(id, used)
    where b.id = n.id and not n.used and b.id = any(v_opened);
  end if;
end $$;
