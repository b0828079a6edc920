-- Runs that are for one worker, for a time, and what goes together with what.

-- The runs of a subqueue with a worker are for it alone.
alter table subqueue add column worker_num integer;
alter table subqueue drop constraint a_subqueue_is_interned_once;
alter table subqueue add constraint a_subqueue_is_interned_once
  unique nulls not distinct (class_id, project_id, key_limit, worker_num);

-- Until when a run stands in line for one worker, and where it goes then; null: it fails. Gone when the run
-- is over, or is for any worker.
create table run_route (
  run_id uuid primary key,
  sq integer not null,
  move_at timestamptz not null,
  wait_ms integer not null,
  move_to integer,
  -- With which others it went to the worker.
  sticky_key text
);
create index run_route_due on run_route (move_at);
call dispatch_table('run_route');

-- Which worker the runs with a key go to; while it is null, to the one that has or had `run_id`.
create table sticky_key (
  org_id uuid not null,
  project_id uuid not null,
  key text not null,
  worker_num integer,
  run_id uuid,
  at timestamptz not null,
  primary key (org_id, project_id, key)
) with (fillfactor = 60);
create index sticky_key_at on sticky_key (at);
call tenant_table('sticky_key');

-- A run that is no longer for one worker stands in another line.
grant update (sq, seq) on run to sagewai_request;

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.proname in ('fleet_intern') and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
