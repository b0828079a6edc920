-- Queues again what waited for its children, when none of them is left.
create or replace function fleet_end_child_waits(p_limit integer)
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
  -- Children and outcomes are seen by the organization alone.
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from waiting w join subqueue q on q.sq = w.sq where w.for_children;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);
  select array_agg(d.run_id), array_agg(d.epoch) into v_runs, v_epochs
  from (
    select w.run_id, w.epoch
    from waiting w join subqueue q on q.sq = w.sq and q.org_id = any(visible_orgs())
    where w.for_children and not exists (
      select from run_child c
      where c.parent_run_id = w.run_id and not exists (select from outcome o where o.run_id = c.run_id))
    order by w.run_id limit p_limit) d;
  if v_runs is null then
    return;
  end if;
  return query select e.run_id, e.sq, e.prio from fleet_end_these_waits('children', v_runs, v_epochs) e;
end $$;
