-- Who may work: enrollment keys, workers, and what dispatch knows of a worker's session.

create table enrollment_key (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  -- Null: without limit.
  max_uses integer,
  current_uses integer not null default 0,
  expires_at timestamptz,
  -- Empty: any.
  allowed_pools text[] not null,
  allowed_models text[] not null,
  created_at timestamptz not null default app_now(),
  created_by text not null,
  revoked_at timestamptz,
  constraint a_key_is_not_used_more_often_than_allowed
    check (current_uses >= 0 and (max_uses is null or current_uses <= max_uses))
);
create index enrollment_key_org_id on enrollment_key (org_id, id);
call tenant_table('enrollment_key');

-- F3. What a worker may be given is what stands here; nothing that it says later counts.
create table worker (
  id uuid primary key,
  -- Short name for the hot tables.
  num integer generated always as identity,
  org_id uuid not null references organization (id),
  -- Null: works for every project of the organization.
  project_id uuid,
  name text not null,
  pool text not null,
  models text[] not null,
  models_canonical text[] not null,
  labels jsonb not null,
  max_concurrent integer not null,
  state text not null,
  -- Why it is pending.
  reason text,
  registered_at timestamptz not null default app_now(),
  decided_at timestamptz,
  decided_by text,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_worker_has_one_number unique (num),
  constraint a_worker_has_a_known_state
    check (state in ('pending', 'approved', 'rejected', 'revoked')),
  constraint a_decision_has_a_maker check ((decided_at is null) = (decided_by is null)),
  constraint a_worker_can_do_something check (max_concurrent > 0)
);
create index worker_org_id on worker (org_id, num);
call tenant_table('worker');

-- One row a worker: its current session, and whether it may claim. `state` is a copy that the same
-- statement writes as the truth in `worker`. Nothing that changes often is indexed: updates stay on
-- their page.
create table worker_session (
  worker_num integer primary key,
  worker_id uuid not null unique,
  org_id uuid not null,
  pool text not null,
  max_concurrent integer not null,
  state text not null,
  -- F1. Grows with every session; what an older session writes changes nothing.
  session_epoch bigint not null,
  last_seen_at timestamptz,
  constraint a_session_has_an_epoch check (session_epoch > 0)
) with (fillfactor = 50);
call dispatch_table('worker_session');

-- Since when the server has been there without a gap: silence counts only from then on.
create table fleet_pulse (
  one boolean primary key default true,
  beat_at timestamptz not null,
  up_since timestamptz not null,
  constraint there_is_one_pulse check (one)
) with (fillfactor = 50);
call dispatch_table('fleet_pulse');

create table fleet_setting (
  org_id uuid primary key references organization (id),
  -- Null: as the server is configured.
  open_registration boolean
);
call tenant_table('fleet_setting');

-- One decision a worker and state; null when the worker is not in that state (or not ours to see).
create function fleet_decide_worker(p_worker uuid, p_from text, p_to text, p_by text) returns integer
language sql
as $$
  with decided as (
    update worker set state = p_to, decided_at = app_now(), decided_by = p_by, reason = null
    where id = p_worker and state = p_from
    returning num
  )
  update worker_session s set state = p_to
  from decided d where s.worker_num = d.num
  returning s.worker_num
$$;
