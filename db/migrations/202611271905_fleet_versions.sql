-- Which version of its code a worker runs, and how much of a pool's work a new version gets.

-- Of the current session; null: the worker does not say.
alter table worker_session add column version text
  constraint a_version_is_short check (length(version) between 1 and 100);

-- Runs of the pool go to this version by so many in a hundred, and to others the rest; null: no ramp.
alter table pool_setting add column ramp_version text
  constraint a_ramped_version_is_short check (length(ramp_version) between 1 and 100);
alter table pool_setting add column ramp_percent smallint;
alter table pool_setting add constraint a_ramp_has_a_share
  check ((ramp_version is null) = (ramp_percent is null) and ramp_percent between 0 and 100);

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
           where p.proname = 'fleet_count_pending' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
