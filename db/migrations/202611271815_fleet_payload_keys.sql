-- Keys of payloads and outputs. The server's key wraps an organization's, which wraps its projects', and
-- from those a key for each run is derived. What is stored stands under the key of its run, as
-- `enc1.<id of the project's key>.<Fernet token>`.

-- E1. An organization that stands here stores no payload and no output in clear. Replicas look at the
-- versions of all of them, so a run of any other organization costs nothing.
create table payload_encryption (
  org_id uuid primary key references organization (id),
  enabled_at timestamptz not null,
  -- Changes with every change of its keys.
  version bigint not null,
  -- What was stored in clear before: encrypted up to this run. Null: all of it.
  swept_to uuid,
  -- Some of its keys are to be retired.
  retiring boolean not null default false
);
call dispatch_table('payload_encryption');
create sequence payload_encryption_version;
grant usage on sequence payload_encryption_version to sagewai_request;

create table organization_key (
  id uuid primary key,
  org_id uuid not null references organization (id),
  -- Sealed under the server's key; null once it is retired.
  wrapped text,
  created_at timestamptz not null,
  retired_at timestamptz,
  constraint a_retired_key_is_gone check ((retired_at is null) = (wrapped is not null))
);
create unique index an_organization_has_one_key_that_is_used
  on organization_key (org_id) where retired_at is null;
call tenant_table('organization_key');

create table project_key (
  id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  organization_key_id uuid not null references organization_key (id),
  -- Sealed under the organization's key; null once it is retired.
  wrapped text,
  created_at timestamptz not null,
  -- Encrypts nothing more since then; what stands under it is moved to the newer one.
  retiring_at timestamptz,
  -- Nothing stood under it then.
  emptied_at timestamptz,
  retired_at timestamptz,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_retired_key_is_gone check ((retired_at is null) = (wrapped is not null)),
  constraint only_a_retiring_key_is_retired check (retired_at is null or retiring_at is not null)
);
create unique index a_project_has_one_key_that_encrypts
  on project_key (project_id) where retiring_at is null;
create index project_key_retiring on project_key (org_id)
  where retiring_at is not null and retired_at is null;
call tenant_table('project_key');

-- Under which key a content stands; null: in clear. Looks at its beginning only: a text in clear may hold
-- what no text of PostgreSQL can.
create function content_key(p_content text) returns uuid
language sql immutable parallel safe
as $$
  select case when p_content like '"enc1.%' or p_content like 'enc1.%' then
    substring(left(p_content, 50) from '^"?enc1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.')::uuid
  end
$$;

-- E2. What stands under a key is found by it, so that a key is retired only when nothing does.
create index run_payload_key on run (content_key(payload::text), run_id)
  where content_key(payload::text) is not null;
create index outcome_content_key
  on outcome (coalesce(content_key(output::text), content_key(error)), run_id)
  where coalesce(content_key(output::text), content_key(error)) is not null;
-- What a run has said, an attempt and a dead letter stay under their key until they are dropped by the day.
create index run_event_content_key on run_event (coalesce(content_key(text), content_key(data::text)))
  where coalesce(content_key(text), content_key(data::text)) is not null;
create index run_event_head_content_key on run_event_head (content_key(message))
  where content_key(message) is not null;
create index attempt_error_key on attempt (content_key(error)) where content_key(error) is not null;
create index dead_letter_error_key on dead_letter (content_key(error)) where content_key(error) is not null;
