-- Workflows by name: what workers have said that they can do, and which runs were submitted to them.

create table workflow (
  id uuid not null default gen_random_uuid(),
  org_id uuid not null references organization (id),
  -- Of the workers that have it; null: they take every project's runs.
  project_id uuid,
  name text not null,
  -- Of the workers' code; empty: they do not say.
  version text not null,
  -- Of the worker that has said it last.
  pool text not null,
  -- As it was said; null: only a worker can check what a run is given.
  input_schema json,
  registered_at timestamptz not null default app_now(),
  seen_at timestamptz not null default app_now(),
  primary key (id),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade,
  constraint a_version_of_a_workflow_is_registered_once unique nulls not distinct (org_id, project_id, name, version)
);
call tenant_table('workflow');

-- A partition a day by run id, made and dropped with those of `run` (fleet_daily_tables).
create table workflow_run (
  run_id uuid not null,
  org_id uuid not null,
  project_id uuid not null,
  name text not null,
  version text not null,
  primary key (run_id)
) partition by range (run_id);
create index workflow_run_name on workflow_run (org_id, name, run_id desc);

create table workflow_run_default partition of workflow_run default;
call tenant_table('workflow_run');
-- Rows are reached through the parent alone: nobody is given rights to a partition.
alter table workflow_run_default enable row level security;
alter table workflow_run_default force row level security;

do $$
declare
  v_day timestamptz;
  v_name text;
begin
  set local timezone = 'UTC';
  for v_day in
    select generate_series(date_trunc('day', app_now()), date_trunc('day', app_now()) + interval '7 days', '1 day')
  loop
    v_name := format('workflow_run_%s', to_char(v_day, 'YYYYMMDD'));
    execute format('create table %I partition of workflow_run for values from (%L) to (%L)', v_name,
      uuid_at(v_day), uuid_at(v_day + interval '1 day'));
    execute format('alter table %I enable row level security', v_name);
    execute format('alter table %I force row level security', v_name);
  end loop;
end $$;
