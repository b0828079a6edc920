-- Asks a worker to go, or to stay after all (null: neither), and tells what it holds. Waits for the
-- claims of its organization that are under way, and lets none begin before the answer is committed:
-- what is told while it drains stays true.
create or replace function fleet_drain_worker(p_org uuid, p_worker uuid, p_drain boolean)
returns table (state text, draining boolean, held integer)
language plpgsql
as $$
begin
  if p_drain is not null then
    perform pg_advisory_xact_lock(7301, hashtext(p_org::text));
    update worker_session s
    set draining_at = case when p_drain then coalesce(s.draining_at, app_now()) end
    where s.worker_id = p_worker and s.org_id = p_org;
  end if;
  return query
  select s.state, s.draining_at is not null,
         (select count(*)::integer from lease l where l.worker_num = s.worker_num)
  from worker_session s where s.worker_id = p_worker and s.org_id = p_org;
end $$;
