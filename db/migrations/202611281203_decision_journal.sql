-- The journals of durable runs: the head of each, and its steps. A partition a day by run id, made and
-- dropped with those of `run` (fleet_daily_tables).

create table run_journal (
  run_id uuid not null,
  org_id uuid not null,
  project_id uuid not null,
  -- Grows with everything that is written of the run.
  change bigint not null,
  -- Of a replay: what its random numbers and its clock begin with. Null: the run's own.
  seed text,
  started_at timestamptz,
  replay_of uuid,
  primary key (run_id),
  constraint a_replay_says_what_it_begins_with
    check ((replay_of is null) = (seed is null) and (seed is null) = (started_at is null))
) partition by range (run_id);

create table run_step (
  run_id uuid not null,
  name text not null,
  ordinal integer not null,
  org_id uuid not null,
  -- The change that it was first written with.
  seq bigint not null,
  -- The change that it was last written with.
  change bigint not null,
  kind text not null,
  state text not null,
  input_digest text,
  -- A result that is small; of an organization that encrypts, under `key_id`.
  result json,
  -- SHA-256 of a result that is large, in the object store.
  blob_digest text,
  blob_bytes integer,
  -- Of the project's key under which result and error stand; null: in clear.
  key_id uuid,
  error text,
  is_final boolean not null,
  tries smallint not null,
  -- By the clock of the worker, as ended_at.
  started_at timestamptz not null,
  ended_at timestamptz,
  attempt smallint not null,
  -- Of the lease that has written it last.
  epoch bigint not null,
  worker_num integer,
  primary key (run_id, name, ordinal),
  constraint a_step_is_of_a_known_kind check (kind in ('step', 'sleep', 'signal', 'approval', 'child')),
  constraint a_step_is_in_a_known_state
    check (state in ('running', 'waiting', 'completed', 'failed', 'retrying')),
  constraint a_finished_step_has_ended check (state not in ('completed', 'failed') or ended_at is not null),
  constraint a_result_stands_in_one_place check (result is null or blob_digest is null),
  constraint a_blob_has_a_length check ((blob_digest is null) = (blob_bytes is null)),
  constraint a_digest_is_one check (blob_digest ~ '^[0-9a-f]{64}$' and input_digest ~ '^[0-9a-f]{64}$')
) partition by range (run_id);

create index run_step_change on run_step (run_id, change);
create index run_step_key on run_step (key_id) where key_id is not null;
create index run_step_blob on run_step (run_id, blob_digest) where blob_digest is not null;

create table run_journal_default partition of run_journal default;
create table run_step_default partition of run_step default;
call tenant_table('run_journal');
call tenant_table('run_step');
-- Rows are reached through the parent alone: nobody is given rights to a partition.
alter table run_journal_default enable row level security;
alter table run_journal_default force row level security;
alter table run_step_default enable row level security;
alter table run_step_default force row level security;

do $$
declare
  v_day timestamptz;
  v_table text;
  v_name text;
begin
  set local timezone = 'UTC';
  for v_day in
    select generate_series(date_trunc('day', app_now()), date_trunc('day', app_now()) + interval '7 days', '1 day')
  loop
    foreach v_table in array array['run_journal', 'run_step'] loop
      v_name := format('%s_%s', v_table, to_char(v_day, 'YYYYMMDD'));
      execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, v_table,
        uuid_at(v_day), uuid_at(v_day + interval '1 day'));
      execute format('alter table %I enable row level security', v_name);
      execute format('alter table %I force row level security', v_name);
    end loop;
  end loop;
end $$;

-- The calls of a run in the order in which they were booked: a page of its timeline goes on from any of them.
create index spend_of_run on spend (run_id, booked_xid, id, entry) where run_id is not null;
drop index spend_run;
