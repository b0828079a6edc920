-- Keeps how calls found their way, with the spend rows that were booked for them in the same statement;
-- of a call without one nothing is kept, and of one that has been noted nothing changes. Arrays are
-- parallel, an element a call. Answers how many were noted.
create or replace function ledger_note_routing(
  p_id uuid[], p_org uuid[], p_fallback_index int[], p_failed_attempts int[], p_trace_id text[],
  p_decision text[]
) returns int
language plpgsql
as $$
declare
  c_system constant text := 'system:ledger';
  c_ids_max constant int := 200;
  v_noted routing_decision[];
begin
  with noted as (
    insert into routing_decision as d (id, org_id, project_id, key_id, run_id, at, model, deployment,
      provider, fallback_index, failed_attempts, trace_id, decision)
    select distinct on (s.id) s.id, s.org_id, s.project_id, s.key_id, s.run_id, s.at, s.model,
           s.deployment, s.provider, g.fallback_index, g.failed_attempts, g.trace_id, g.decision::json
    from unnest(p_id, p_org, p_fallback_index, p_failed_attempts, p_trace_id, p_decision)
      g(id, org, fallback_index, failed_attempts, trace_id, decision)
    -- A call that was booked as expired has its true deployment in the correction.
    join spend s on s.org_id = g.org and s.id = g.id
    order by s.id, s.entry desc
    on conflict do nothing
    returning d
  )
  select array_agg(n.d order by (n.d).id) into v_noted from noted n;
  if v_noted is null then
    return 0;
  end if;
  -- One entry a batch and organization, in one order of organizations, and last: it is a lock.
  perform audit_append(a.org_id, c_system, 'call.routed', a.subject, 'ok', '', a.details::text)
  from (
    select d.org_id,
           case count(*) when 1 then min(d.id::text) else 'batch' end as subject,
           jsonb_build_object(
             'kind', 'call.routed', 'count', count(*),
             'digest', encode(sha256(convert_to(string_agg(spend_field(
               spend_field(d.id::text) || spend_field(d.decision::text)), '' order by d.id), 'UTF8')), 'hex'))
           || case when count(*) <= c_ids_max
             then jsonb_build_object('ids', string_agg(d.id::text, ' ' order by d.id))
             else jsonb_build_object('first', min(d.id::text), 'last', max(d.id::text)) end as details
    from unnest(v_noted) d
    group by d.org_id
    order by d.org_id
  ) a;
  return cardinality(v_noted);
end $$;
