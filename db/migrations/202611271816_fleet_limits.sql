-- Limits of dispatch: what projects, pools and concurrency keys may have waiting, running and started.

-- F7. One row for each project, pool, project in a pool, or concurrency key that has a limit or is paused.
create table dispatch_limit (
  limit_id integer generated always as identity primary key,
  org_id uuid not null references organization (id),
  pool text,
  project_id uuid,
  -- A concurrency key of the project; its limit is that of the last submission that named it.
  key text,
  -- F5. What share of the workers a project has, beside the others' 1.
  weight real,
  paused boolean not null default false,
  max_running integer,
  max_queued integer,
  -- Waiting runs; kept only while there is a `max_queued`.
  queued bigint not null default 0,
  starts_max integer,
  starts_per_ms integer,
  -- Starts in each slot of the period, the newest first; `starts_slot` is the number of the newest.
  starts integer[],
  starts_slot bigint,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_limit_is_set_once unique nulls not distinct (org_id, project_id, pool, key),
  constraint a_limit_is_of_something check (pool is not null or project_id is not null),
  constraint a_key_is_a_projects check (key is null or (project_id is not null and pool is null)),
  constraint a_weight_is_a_projects
    check (weight is null or (weight > 0 and project_id is not null and pool is null and key is null)),
  constraint runs_of_a_pool_are_not_capped check (max_running is null or pool is null),
  constraint a_cap_is_a_count check (max_running > 0),
  constraint a_bound_is_a_count check (max_queued >= 0),
  constraint a_rate_has_a_period
    check ((starts_max is null) = (starts_per_ms is null) and starts_max > 0 and starts_per_ms > 0)
) with (fillfactor = 50);
-- What a claim of an organization without limits looks at, and finds empty.
create index dispatch_limit_binding on dispatch_limit (org_id)
  where paused or max_running is not null or max_queued is not null or starts_max is not null;
call dispatch_table('dispatch_limit');

-- A concurrency key has subqueues of its own, so that a full one stands in nobody's way (F5).
alter table subqueue add column key_limit integer references dispatch_limit (limit_id);
alter table subqueue drop constraint a_subqueue_is_interned_once;
alter table subqueue add constraint a_subqueue_is_interned_once
  unique nulls not distinct (class_id, project_id, key_limit);
create index subqueue_project on subqueue (project_id);

-- F7. Leases are what a cap counts. Only those of capped runs are in the indexes.
alter table lease add column project_cap integer;
alter table lease add column key_cap integer;
create index lease_project_cap on lease (project_cap) where project_cap is not null;
create index lease_key_cap on lease (key_cap) where key_cap is not null;

-- What may still be queued on the whole server, as of the last count.
create table queue_room (
  one boolean primary key default true,
  room bigint not null,
  constraint there_is_one_room check (one)
);
call dispatch_table('queue_room');

-- What was counted of the backlog, by organization, pool and project. `blocked`: by what, if it is.
create table backlog_count (
  org_id uuid not null,
  pool text not null,
  project_id uuid not null,
  pending bigint not null,
  paused bigint not null,
  cap bigint not null,
  rate bigint not null,
  -- When the oldest that waits was submitted; null: nothing waits.
  oldest_at timestamptz,
  counted_at timestamptz not null,
  primary key (org_id, pool, project_id)
) with (fillfactor = 50);
call dispatch_table('backlog_count');

-- Their parameters or results change.
do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.proname in ('fleet_claim', 'fleet_intern', 'fleet_submit', 'fleet_nonempty')
      and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
