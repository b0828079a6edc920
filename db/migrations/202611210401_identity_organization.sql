-- Who may call: organizations, their projects and access tokens, and the look-up of a key by its hash.

create table organization (
  id uuid primary key,
  org_id uuid not null generated always as (id) stored,
  name text not null,
  created_at timestamptz not null default app_now(),
  constraint the_platform_is_no_organization
    check (id <> '00000000-0000-0000-0000-000000000000'),
  constraint a_name_is_short_and_printable
    check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  -- A name stands where an id may stand.
  constraint a_name_is_no_id
    check (name !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
);
create unique index an_organization_name_is_taken_once on organization (lower(name));
create index organization_org_id on organization (org_id);
call tenant_table('organization');

create table project (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  created_at timestamptz not null default app_now(),
  -- What refers to a project names its organization too, so it cannot refer to a stranger's.
  constraint a_project_has_one_organization unique (org_id, id),
  constraint a_name_is_short_and_printable
    check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  constraint a_name_is_no_id
    check (name !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
);
create unique index a_project_name_is_taken_once_in_its_organization on project (org_id, lower(name));
call tenant_table('project');

create table access_token (
  id uuid primary key,
  org_id uuid not null references organization (id),
  -- Null: good for every project of the organization.
  project_id uuid,
  name text not null,
  scopes text[] not null,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_token_has_known_scopes
    check (cardinality(scopes) > 0 and scopes <@ array['read', 'write', 'admin']),
  constraint a_token_expires_after_its_creation check (expires_at > created_at)
);
create index access_token_org_id on access_token (org_id, id);
call tenant_table('access_token');

-- I2. A key is known by its SHA-256 alone, and this is the only place that keeps it. Every plane that
-- has keys writes here, so one look-up, before any organization is known, tells whose a key is.
create table credential (
  hash bytea primary key,
  kind text not null,
  id uuid not null,
  org_id uuid not null references organization (id),
  constraint a_hash_is_sha_256 check (octet_length(hash) = 32)
);
create index credential_id on credential (id);
call dispatch_table('credential');

-- Finds an organization by name before it is known which one may be seen. Holds hashes, not names:
-- it stands outside row-level security, and who our customers are is content.
create table organization_directory (
  name_hash bytea primary key,
  org_id uuid not null unique references organization (id),
  constraint a_hash_is_sha_256 check (octet_length(name_hash) = 32)
);
call dispatch_table('organization_directory');
revoke update, delete on organization_directory from sagewai_request, sagewai_dispatch;

create function organization_name_hash(p_name text) returns bytea
language sql stable strict parallel safe
as $$ select sha256(convert_to(lower(p_name), 'UTF8')) $$;

create function enter_organization_directory() returns trigger
language plpgsql
as $$
begin
  insert into organization_directory (name_hash, org_id)
  values (organization_name_hash(new.name), new.id);
  return null;
end $$;

create trigger an_organization_is_in_the_directory
  after insert on organization
  for each row execute function enter_organization_directory();

-- Renaming would need the directory to follow; until there is a way to rename, there is no right to.
revoke update, delete on organization from sagewai_request;

-- I5. Administrators of the platform belong to no organization. Requests may read and mark the use;
-- only what starts the server (as sagewai_dispatch) makes one, so no request can.
create table platform_token (
  id uuid primary key,
  hash bytea not null unique,
  name text not null unique,
  created_at timestamptz not null default app_now(),
  last_used_at timestamptz,
  constraint a_hash_is_sha_256 check (octet_length(hash) = 32)
);
call dispatch_table('platform_token');
revoke insert, update, delete on platform_token from sagewai_request;
grant update (last_used_at) on platform_token to sagewai_request;

-- I6. Which keys this database was set up with: a value derived from each, from which the key cannot be
-- computed. Written once; there is no right to change it.
create table key_fingerprint (
  purpose text primary key,
  fingerprint text not null,
  created_at timestamptz not null default app_now()
);
call dispatch_table('key_fingerprint');
revoke update, delete on key_fingerprint from sagewai_request, sagewai_dispatch;

-- I7. Secrets of a server that has no home to keep them in. For the owner's connection alone: neither
-- serving role has any right, and row-level security asks for the owner on top.
create table kept_secret (
  name text primary key,
  value text not null,
  created_at timestamptz not null default app_now()
);
alter table kept_secret enable row level security;
alter table kept_secret force row level security;
create policy the_owner_alone on kept_secret
  using (current_user = (select pg_get_userbyid(relowner) from pg_class where oid = 'kept_secret'::regclass));
