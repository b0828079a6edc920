-- A project that is to be deleted is out of reach at once, and gone after a grace.
alter table project add column deleting_at timestamptz;
-- The row stays, without its name: what is kept of spend is of this id.
alter table project add column deleted_at timestamptz;
alter table project add constraint only_what_is_being_deleted_is_deleted
  check (deleted_at is null or deleting_at is not null);

create table project_deletion (
  project_id uuid primary key,
  org_id uuid not null,
  project_name text not null,
  requested_by text not null,
  requested_at timestamptz not null default app_now(),
  due_at timestamptz not null,
  state text not null default 'waiting',
  -- Rows that were deleted, by table; objects of the object store by themselves.
  deleted jsonb not null default '{}',
  objects bigint not null default 0,
  -- What it waits for, or why the last attempt ended.
  waits_for text,
  finished_at timestamptz,
  certificate text,
  signature text,
  constraint a_deletion_has_a_known_state check (state in ('waiting', 'deleting', 'deleted')),
  constraint what_is_deleted_has_a_certificate check ((state = 'deleted') = (certificate is not null)),
  foreign key (org_id, project_id) references project (org_id, id)
);
call tenant_table('project_deletion');

-- Rows that were taken away so that nobody reaches the project, and that come back with it.
create table project_parked (
  id bigint generated always as identity primary key,
  org_id uuid not null references organization (id),
  project_id uuid not null,
  name text not null,
  content jsonb not null
);
create index project_parked_project on project_parked (project_id);
call tenant_table('project_parked');

-- Which deletions have something to do.
create table project_deletion_due (
  project_id uuid primary key,
  org_id uuid not null,
  due_at timestamptz not null
);
call dispatch_table('project_deletion_due');
