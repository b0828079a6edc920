-- Queues again what has waited for as long as it wanted to.
create or replace function fleet_end_waits(p_limit integer)
returns table (run_id uuid, sq integer, prio smallint)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_orgs text;
  v_runs uuid[];
  v_epochs bigint[];
begin
  select string_agg(distinct q.org_id::text, ','), array_agg(w.run_id), array_agg(w.epoch)
  into v_orgs, v_runs, v_epochs
  from (select w.* from waiting w where w.due_at <= app_now() order by w.due_at limit p_limit) w
  join subqueue q on q.sq = w.sq;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);
  return query select e.run_id, e.sq, e.prio from fleet_end_these_waits('timeout', v_runs, v_epochs) e;
end $$;
