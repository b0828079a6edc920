-- Tools, their calls, and how many of them there may be.

create table tool (
  org_id uuid not null references organization (id),
  id uuid not null,
  -- Null: of the whole organization.
  project_id uuid,
  name text not null,
  kind text not null,
  version integer not null default 1,
  -- All that is said of it but its credential.
  manifest jsonb not null,
  -- Of the manifest and of whether there is a credential: what an approval is for.
  digest text not null,
  -- What it calls with, or the reference to it, sealed.
  sealed_credential text,
  enabled boolean not null default true,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  updated_by text,
  updated_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade,
  constraint a_tool_is_of_a_known_kind check (kind in ('http', 'openapi', 'mcp', 'worker')),
  constraint a_tool_has_a_digest check (digest ~ '^[0-9a-f]{64}$')
);
create unique index a_tool_has_a_name_of_its_own on tool (org_id, project_id, lower(name)) nulls not distinct;
call tenant_table('tool');

create table tool_call (
  org_id uuid not null,
  id uuid not null,
  project_id uuid not null,
  tool_id uuid not null,
  tool_name text not null,
  tool_version integer not null,
  tool_digest text not null,
  mode text not null,
  -- A2. One key is one call.
  key bytea not null,
  run_id uuid,
  step text,
  state text not null,
  arguments_digest text not null,
  -- Under which arguments, result and message stand; itself sealed.
  sealed_key text not null,
  arguments_sealed text not null,
  result_sealed text,
  -- A large result is in the object store, under its digest.
  result_digest text,
  result_bytes integer,
  is_blob boolean not null default false,
  error text,
  message_sealed text,
  -- A3. Counts who has begun it; who is not the last has no say.
  attempt integer not null default 0,
  late_result_digest text,
  requested_by text not null,
  decided_by text,
  decided_at timestamptz,
  created_at timestamptz not null default app_now(),
  due_at timestamptz,
  ended_at timestamptz,
  -- Of the transaction that has ended it, for readers who go on after what they have seen.
  ended_xid xid8,
  primary key (org_id, id),
  constraint a_call_is_in_a_known_state
    check (state in ('waiting', 'approved', 'running', 'completed', 'failed', 'unknown', 'denied')),
  constraint a_call_that_is_over_says_when
    check ((ended_at is not null) = (state in ('completed', 'failed', 'unknown', 'denied'))),
  constraint a_call_that_is_not_over_is_due check ((due_at is null) = (ended_at is not null)),
  constraint an_approved_call_was_decided check (state <> 'approved' or decided_by is not null),
  constraint an_effect_was_begun check (state not in ('running', 'completed', 'unknown') or attempt > 0),
  constraint a_completed_call_has_a_result check (state <> 'completed' or result_digest is not null)
);
create unique index a_call_has_a_key_of_its_own on tool_call (org_id, project_id, key);
create index tool_call_state on tool_call (org_id, state, id desc);
create index tool_call_run on tool_call (org_id, run_id, id desc) where run_id is not null;
create index tool_call_project on tool_call (org_id, project_id, id desc);
call tenant_table('tool_call');

-- When something is to be looked at: a call whose time is up, or one that was kept for long enough.
create table tool_call_due (
  call_id uuid primary key,
  org_id uuid not null,
  due_at timestamptz not null
);
create index tool_call_due_at on tool_call_due (due_at);
call dispatch_table('tool_call_due');

-- A6. Calls in the present window; `tool:<id>`, `project:<id>` or `organization`.
create table tool_rate (
  org_id uuid not null references organization (id),
  scope text not null,
  project_id uuid,
  calls integer not null,
  per_seconds integer not null,
  window_at timestamptz not null default '-infinity',
  used integer not null default 0,
  primary key (org_id, scope),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade,
  constraint a_rate_lets_something_through check (calls > 0 and per_seconds > 0)
);
call tenant_table('tool_rate');
