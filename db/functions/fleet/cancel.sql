-- Cancels runs of the organizations that the transaction sees, and all under them that is not over (C2).
-- `how`: cancelled (it was queued), requested (its worker is told), ended (it was over). What is not there
-- is left out. `below`: it was not asked for. Who asked records that, as the last thing it does:
-- `fleet_record_below`.
create or replace function fleet_cancel(p_run_ids uuid[]) returns table (run_id uuid, how text, below boolean)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_seen uuid[] := '{}';
  v_next uuid[] := array(select distinct g.id from unnest(p_run_ids) as g(id) order by g.id);
begin
  -- C2. What is submitted meanwhile waits until its parent is cancelled, or is found at the next look.
  while v_next <> '{}' loop
    for i in 1..cardinality(v_next) loop
      run_id := v_next[i];
      how := fleet_cancel_one(run_id);
      below := v_seen <> '{}';
      if how is not null then
        return next;
      end if;
    end loop;
    v_seen := v_seen || v_next;
    v_next := array(
      with recursive under as (
        select c.run_id from run_child c where c.parent_run_id = any(p_run_ids)
        union
        select c.run_id from under u join run_child c on c.parent_run_id = u.run_id
      )
      select u.run_id from under u where u.run_id <> all(v_seen) order by u.run_id
    );
  end loop;
end $$;
