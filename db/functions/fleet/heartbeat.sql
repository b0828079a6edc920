-- Signs of life of many workers at once. `lives` is false when a newer session has replaced this one.
-- `cancel`: runs to stop. `lost`: runs that the worker named and no longer has. `unheld`: leases older
-- than the grace that it did not name, though it named all it holds.
--
--   p_listed   whether the worker named its runs;  p_held_*: what it named, p_held_n: which worker
create or replace function fleet_heartbeat(
  p_workers integer[], p_sessions bigint[], p_listed boolean[],
  p_held_n integer[], p_held_runs uuid[], p_held_epochs bigint[], p_unheld_grace_ms integer
) returns table (n bigint, lives boolean, state text, cancel uuid[], lost uuid[],
                 unheld uuid[], unheld_epochs bigint[])
language sql
set enable_seqscan = off
as $$
  with given as materialized (
    select g.* from unnest(p_workers, p_sessions, p_listed)
      with ordinality as g(worker_num, session_epoch, listed, n)
    order by g.worker_num
  ),
  seen as materialized (
    select g.n, s.worker_num, s.state, s.session_epoch
    from given g cross join lateral (
      select s.* from worker_session s
      where s.worker_num = g.worker_num and s.session_epoch = g.session_epoch
      for no key update
    ) s
  ),
  beaten as (
    update worker_session s set last_seen_at = app_now()
    where s.worker_num = any(array(select seen.worker_num from seen))
    returning s.worker_num
  ),
  named as materialized (
    select h.* from unnest(p_held_n, p_held_runs, p_held_epochs) as h(n, run_id, epoch)
  )
  select g.n, s.n is not null, s.state,
    array(select l.run_id from lease l
          where l.worker_num = g.worker_num and l.session_epoch = g.session_epoch
            and l.cancel_requested_at is not null),
    array(select h.run_id from named h
          where h.n = g.n and not exists (
            select from lease l
            where l.run_id = h.run_id and l.epoch = h.epoch
              and l.worker_num = g.worker_num and l.session_epoch = g.session_epoch)),
    u.runs, u.epochs
  from given g
  left join seen s on s.n = g.n
  left join lateral (
    select array_agg(l.run_id order by l.run_id) as runs, array_agg(l.epoch order by l.run_id) as epochs
    from lease l
    where g.listed and l.worker_num = g.worker_num and l.session_epoch = g.session_epoch
      and l.claimed_at < app_now() - make_interval(secs => p_unheld_grace_ms / 1000.0)
      and not exists (select from named h where h.n = g.n and h.run_id = l.run_id and h.epoch = l.epoch)
  ) u on true
  order by g.n
$$;
