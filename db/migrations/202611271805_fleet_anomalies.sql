-- What workers do that they should not: counted in windows, judged by a job.

-- Flushed in batches by every replica, so a poll writes nothing. Short-lived; no content of a tenant.
create table worker_activity (
  worker_num integer not null,
  kind text not null,
  -- The beginning of the ten seconds that it happened in.
  slot_at timestamptz not null,
  count integer not null,
  primary key (worker_num, kind, slot_at)
) with (fillfactor = 70);
call dispatch_table('worker_activity');
create index worker_activity_slot_at on worker_activity (slot_at);

create table worker_anomaly (
  id uuid primary key,
  org_id uuid not null,
  worker_id uuid not null references worker (id),
  kind text not null,
  pool text not null,
  observed bigint not null,
  allowed bigint not null,
  raised_at timestamptz not null,
  -- Whether the worker was revoked with it.
  revoked boolean not null default false,
  cleared_at timestamptz,
  cleared_by text,
  constraint an_anomaly_is_of_a_known_kind
    check (kind in ('rate_limit', 'excessive_failures', 'heartbeat_timeout', 'model_mismatch')),
  constraint who_clears_is_known check ((cleared_at is null) = (cleared_by is null))
);
create index worker_anomaly_org_id on worker_anomaly (org_id, raised_at);
create index worker_anomaly_worker on worker_anomaly (worker_id, kind, raised_at);
call tenant_table('worker_anomaly');

-- Null: as for the organization ('' as the pool), and there: the default.
create table anomaly_setting (
  org_id uuid not null references organization (id),
  pool text not null,
  claims_per_minute integer,
  failures_per_hour integer,
  silence_seconds integer,
  mismatches_per_hour integer,
  window_seconds integer,
  -- How many different kinds within the window revoke; 0: none ever does.
  kinds_to_revoke integer,
  primary key (org_id, pool)
);
call tenant_table('anomaly_setting');

-- When the silence of a worker was told last: once for each.
alter table worker_session add column if not exists silence_told_at timestamptz;
