-- Runs and where they are. A run is in exactly one of `ready`, `scheduled`, `lease` and `outcome`; that
-- is its state, which is stored nowhere else. `run` itself never changes.

-- Interned requirements: matching is paid for once a class, never once a run.
create table match_class (
  class_id integer generated always as identity primary key,
  org_id uuid not null references organization (id),
  pool text not null,
  -- Canonical, or '*': any.
  model text not null,
  -- Required, sorted by name.
  labels jsonb not null,
  labels_hash bytea not null,
  constraint a_class_is_interned_once unique (org_id, pool, model, labels_hash)
);
call dispatch_table('match_class');

-- F5. The only key of the queue: no project and no class stands in front of another.
create table subqueue (
  sq integer generated always as identity primary key,
  class_id integer not null references match_class (class_id),
  org_id uuid not null,
  project_id uuid not null,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_subqueue_is_interned_once unique (class_id, project_id)
);
call dispatch_table('subqueue');

create sequence ready_seq;
create sequence lease_epoch;
grant usage on sequence ready_seq, lease_epoch to sagewai_request, sagewai_dispatch;

-- No foreign keys: `sq` was interned under them, and a check a row would lock the organization's row.
create table run (
  run_id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  sq integer not null,
  -- As in `ready`: lower goes first.
  prio smallint not null,
  -- Where it was queued first.
  seq bigint not null,
  -- As asked; the class has the canonical name.
  model text,
  max_attempts smallint not null,
  deadline_at timestamptz,
  submitted_by text not null,
  created_at timestamptz not null,
  -- Verbatim.
  payload json not null,
  constraint a_run_is_tried_at_least_once check (max_attempts > 0)
) partition by range (run_id);
create index run_org_id on run (org_id, run_id);
call tenant_table('run');
revoke update, delete on run from sagewai_request;

-- The same key with the same request is the same run.
create table run_key (
  org_id uuid not null,
  project_id uuid not null,
  key text not null,
  run_id uuid not null,
  request_hash text not null,
  created_at timestamptz not null,
  primary key (org_id, project_id, key)
);
create index run_key_created_at on run_key (created_at);
call tenant_table('run_key');

-- F4. Narrow, with one index: a claim is a seek to the head of a subqueue.
create table ready (
  sq integer not null,
  prio smallint not null,
  seq bigint not null,
  run_id uuid not null,
  -- Attempts made so far.
  attempt smallint not null,
  primary key (sq, prio, seq)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.5);
call dispatch_table('ready');

-- To be queued again later.
create table scheduled (
  due_at timestamptz not null,
  run_id uuid not null unique,
  sq integer not null,
  prio smallint not null,
  attempt smallint not null,
  primary key (due_at, run_id)
);
call dispatch_table('scheduled');

-- F1. As many rows as runs are being worked on. `epoch` comes from one sequence, so a number names one
-- lease of one run for ever.
create table lease (
  run_id uuid primary key,
  epoch bigint not null,
  worker_num integer not null,
  session_epoch bigint not null,
  poll_id uuid,
  -- Claimed without slots: its worker may report without an epoch.
  flat boolean not null,
  sq integer not null,
  prio smallint not null,
  attempt smallint not null,
  claimed_at timestamptz not null,
  cancel_requested_at timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
create index lease_worker on lease (worker_num, poll_id);
call dispatch_table('lease');

-- Runs that a worker without epochs has lost: it never gets them again, as its late report could not be
-- told from a fresh one.
create table lost_run (
  run_id uuid not null,
  worker_num integer not null,
  lost_at timestamptz not null,
  primary key (run_id, worker_num)
);
call dispatch_table('lost_run');

-- Only runs with a deadline; a row that is due is looked at once and removed.
create table run_deadline (
  due_at timestamptz not null,
  run_id uuid not null,
  sq integer not null,
  primary key (due_at, run_id)
);
call dispatch_table('run_deadline');

-- What the autoscaler reads: a row stays when its count is 0.
create table pending_count (
  pool text not null,
  model text not null,
  pending bigint not null,
  counted_at timestamptz not null,
  primary key (pool, model)
) with (fillfactor = 50);
call dispatch_table('pending_count');

-- F2. The one end of a run. The primary key is what makes it one.
create table outcome (
  run_id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  status text not null,
  -- Verbatim.
  output json,
  error text,
  -- Null: it ended before a worker had it.
  worker_num integer,
  session_epoch bigint,
  epoch bigint,
  attempt smallint not null,
  started_at timestamptz,
  at timestamptz not null,
  constraint an_outcome_is_an_end check (status in ('completed', 'failed', 'cancelled'))
) partition by range (run_id);
create index outcome_unhappy on outcome (org_id, run_id) where status <> 'completed';
call tenant_table('outcome');
revoke update, delete on outcome from sagewai_request;

-- The smallest UUIDv7 of an instant.
create function uuid_at(p_at timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
  select rpad(lpad(to_hex((extract(epoch from p_at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- Makes the partitions of this month and of the next `p_ahead`. Rows of no month (a clock far off) are
-- kept by the default partition; a month whose rows are there already stays there.
create function fleet_make_partitions(p_ahead integer) returns integer
language plpgsql security definer
set search_path = public, pg_temp
set timezone = 'UTC'
as $$
declare
  v_month timestamptz;
  v_table text;
  v_name text;
  v_made integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('fleet_make_partitions'));
  foreach v_table in array array['run', 'outcome'] loop
    for v_month in
      select generate_series(date_trunc('month', app_now()),
                             date_trunc('month', app_now()) + make_interval(months => p_ahead), '1 month')
    loop
      v_name := format('%s_%s', v_table, to_char(v_month, 'YYYYMM'));
      continue when to_regclass(quote_ident(v_name)) is not null;
      begin
        execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, v_table,
          uuid_at(v_month), uuid_at(v_month + interval '1 month'));
        execute format('alter table %I enable row level security', v_name);
        execute format('alter table %I force row level security', v_name);
        v_made := v_made + 1;
      exception when check_violation then
        raise warning 'rows of % are in the default partition of %', v_name, v_table;
      end;
    end loop;
  end loop;
  return v_made;
end $$;
revoke execute on function fleet_make_partitions(integer) from public;
grant execute on function fleet_make_partitions(integer) to sagewai_dispatch;

create table run_default partition of run default;
create table outcome_default partition of outcome default;
-- Rows are reached through the parent alone: nobody is given rights to a partition.
alter table run_default enable row level security;
alter table run_default force row level security;
alter table outcome_default enable row level security;
alter table outcome_default force row level security;
select fleet_make_partitions(2);
