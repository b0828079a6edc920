-- Cancels the children that were to end with their parents, where those have ended, and all under them.
create or replace function fleet_follow_parents(p_limit integer) returns table (run_id uuid)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_orgs text;
  v_parents uuid[];
  v_cancelled uuid[];
begin
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from bound_parent b join subqueue q on q.sq = b.sq;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);

  v_parents := array(
    select b.run_id from bound_parent b
    where exists (select from outcome o where o.run_id = b.run_id)
    order by b.run_id limit p_limit for update skip locked);
  v_cancelled := array(
    select c.run_id
    from fleet_cancel(array(
      select k.run_id from run_child k
      where k.parent_run_id = any(v_parents) and k.on_parent_end = 'cancel')) c
    where c.how <> 'ended');
  delete from bound_parent b where b.run_id = any(v_parents);
  perform fleet_record_below(v_cancelled);
  return query select unnest(v_cancelled);
end $$;
