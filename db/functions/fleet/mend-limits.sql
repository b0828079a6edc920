-- Puts right what limits count of what waits (F8: a run that went back, or was cancelled in the queue, is
-- counted here), gives leases that were claimed before a cap was set their place in it (F7), and counts
-- what the server may still queue.
create or replace function fleet_mend_limits(p_queued_max bigint) returns void
language plpgsql
as $$
declare
  v_id integer;
begin
  for v_id in
    select d.limit_id from dispatch_limit d
    where d.max_queued is not null and d.queued <> fleet_queued_of(d) order by d.limit_id
  loop
    -- Counted in a statement of its own, after the lock: whoever queued or claimed before has committed.
    perform from dispatch_limit d where d.limit_id = v_id for update;
    update dispatch_limit d set queued = fleet_queued_of(d) where d.limit_id = v_id;
  end loop;
  update lease l set project_cap = d.limit_id
  from subqueue q join dispatch_limit d
    on d.org_id = q.org_id and d.project_id = q.project_id and d.pool is null and d.key is null
  where q.sq = l.sq and d.max_running is not null and l.project_cap is distinct from d.limit_id;
  insert into queue_room (room)
  values (p_queued_max - (select count(*) from ready) - (select count(*) from scheduled))
  on conflict (one) do update set room = excluded.room;
end $$;
