-- Gives shares back: of some budgets, or (null) all, and with them the holding. Calls that were admitted
-- from them and are still under way become reservations, so that what is in a share and what a call
-- may use are told apart again. False when the holding is gone.
create or replace function ledger_yield(
  p_org uuid, p_holding uuid, p_budgets bigint[],
  p_id uuid[], p_project uuid[], p_key uuid[], p_team text[], p_person text[],
  p_run uuid[], p_day timestamptz[], p_elapsed_ms bigint[],
  p_ttl_ms bigint[], p_amount_pusd bigint[], p_input_tokens bigint[], p_output_tokens bigint[],
  p_price_known boolean[], p_model text[], p_deployment text[],
  p_session text[], p_agent text[], p_tags text[]
) returns boolean
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz;
  v_day timestamptz;
  v_budgets bigint[];
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  perform pg_advisory_xact_lock_shared(ledger_lock_key(p_org)); -- B5
  perform from holding where id = p_holding and org_id = p_org for update;
  if not found then return false; end if;

  select array_agg(l.id), max(l.opened_at)
  into v_budgets, v_now
  from (
    select b.id, b.opened_at from share s join budget b on b.id = s.budget_id
    where s.holding_id = p_holding
    order by b.id
    for update of b
  ) l;
  v_now := greatest(app_clock(), v_now); -- B2
  v_day := day_of(v_now);

  with opened as materialized (
    insert into reservation as r (
      id, org_id, project_id, key_id, team_id, person_id, run_id, amount_pusd, input_tokens, output_tokens, price_known,
      created_at, expires_at, model, deployment, session_id, agent, tags)
    select g.id, p_org, g.project, g.key, g.team, g.person, g.run, g.amount, g.input, g.output, g.price_known,
           least(greatest(v_now - g.elapsed_ms * interval '1 millisecond', g.day),
                 g.day + interval '1 day' - interval '1 microsecond', v_now),
           v_now + g.ttl_ms * interval '1 millisecond', g.model, g.deployment, g.session, g.agent,
           case when g.tags is not null then array(select jsonb_array_elements_text(g.tags::jsonb)) end
    from unnest(p_id, p_project, p_key, p_team, p_person, p_run, p_day, p_elapsed_ms, p_ttl_ms, p_amount_pusd,
                p_input_tokens, p_output_tokens, p_price_known, p_model, p_deployment, p_session, p_agent,
                p_tags)
      g(id, project, key, team, person, run, day, elapsed_ms, ttl_ms, amount, input, output, price_known, model,
        deployment, session, agent, tags)
    on conflict do nothing
    returning r.org_id, r.project_id, r.key_id, r.team_id, r.person_id, r.created_at, r.amount_pusd,
              r.input_tokens + r.output_tokens as tokens
  ), moved as (
    select k.id, sum(m.amount) filter (where is_sliding(k.period) or o.created_at >= window_of(k.period, v_now)) as amount,
           array_agg(epoch_second(o.created_at)) as seconds, array_agg(m.amount) as amounts
    from opened o
    join budget k
      on k.org_id = o.org_id and in_scope(k.scope_kind, k.scope_id, o.org_id, o.project_id, o.key_id, o.team_id,
                                         o.person_id)
    cross join lateral (
      select case k.measure when 'cost' then o.amount_pusd when 'tokens' then o.tokens else 1 end as amount
    ) m
    where k.id = any(v_budgets)
    group by k.id
  ), balance as (
    select k.id, k.period, k.measure, coalesce(m.amount, 0) as moved,
           case when is_sliding(k.period) or s.day >= window_of(k.period, v_now) then s.amount else 0 end as held,
           p_budgets is null or k.id = any(p_budgets) as is_over,
           turned.slots, turned.total
    from budget k
    join share s on s.budget_id = k.id and s.holding_id = p_holding
    left join moved m on m.id = k.id
    left join lateral ring_after(k.slots, k.settled, k.opened_at, v_now, m.seconds, m.amounts) turned
      on is_sliding(k.period)
    where k.id = any(v_budgets)
  ), gone as (
    delete from share s using balance b
    where s.budget_id = b.id and s.holding_id = p_holding and b.is_over
    returning s.budget_id
  ), kept as (
    update share s set amount = b.held - b.moved, day = case when not is_sliding(b.period) then v_day end
    from balance b
    where s.budget_id = b.id and s.holding_id = p_holding and not b.is_over
    returning s.budget_id
  )
  update budget k
  set opened_at = greatest(k.opened_at, window_of(k.period, v_now)),
      settled = case when is_sliding(k.period) then b.total
        else case when k.opened_at >= window_of(k.period, v_now) then k.settled else 0 end
             + case k.measure when 'requests' then b.moved else 0 end end,
      -- What calls under way may use stays reserved; of a window that slides, their slot has it.
      reserved = case when is_sliding(k.period) or k.opened_at >= window_of(k.period, v_now) then k.reserved else 0 end
        - case when is_sliding(k.period) or k.measure = 'requests' then b.moved else 0 end
        - case when b.is_over then b.held - b.moved else 0 end,
      slots = b.slots
  from balance b
  where k.id = b.id;

  if p_budgets is null then
    delete from holding where id = p_holding;
  end if;
  return true;
end $$;
