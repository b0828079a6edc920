-- People of one organization, groups of them, service accounts, and what each may do.

create table account (
  id uuid primary key,
  org_id uuid not null references organization (id),
  email text not null,
  name text not null,
  source text not null,
  -- What the source calls it, where it comes from another system.
  external_id text,
  active boolean not null default true,
  created_at timestamptz not null default app_now(),
  last_login_at timestamptz,
  deactivated_at timestamptz,
  constraint an_account_has_one_organization unique (org_id, id),
  constraint an_email_has_one_account_in_its_organization unique (org_id, email),
  constraint an_email_is_lower_case
    check (email = lower(email) and email ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$'
           and char_length(email) <= 254),
  constraint a_name_is_short_and_printable
    check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  constraint a_source_is_known check (source in ('local', 'oidc', 'scim')),
  constraint an_account_that_is_not_active_says_since_when check (active = (deactivated_at is null))
);
create unique index a_source_names_one_account on account (org_id, source, external_id)
  where external_id is not null;
call tenant_table('account');
revoke delete on account from sagewai_request;

create table account_group (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  source text not null,
  external_id text,
  created_at timestamptz not null default app_now(),
  constraint a_group_has_one_organization unique (org_id, id),
  constraint a_group_name_is_taken_once_in_its_organization unique (org_id, name),
  constraint a_name_is_short_and_printable
    check (char_length(name) between 1 and 255 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  constraint a_source_is_known check (source in ('local', 'oidc', 'scim'))
);
create unique index a_source_names_one_group on account_group (org_id, source, external_id)
  where external_id is not null;
call tenant_table('account_group');

create table account_group_member (
  org_id uuid not null,
  group_id uuid not null,
  account_id uuid not null,
  primary key (org_id, group_id, account_id),
  foreign key (org_id, group_id) references account_group (org_id, id) on delete cascade,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade
);
create index account_group_member_account on account_group_member (org_id, account_id);
call tenant_table('account_group_member');

create table service_account (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  active boolean not null default true,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  constraint a_service_account_has_one_organization unique (org_id, id),
  constraint a_name_is_short_and_printable
    check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  constraint a_name_is_no_id
    check (name !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
);
create unique index a_service_account_name_is_taken_once_in_its_organization
  on service_account (org_id, lower(name));
call tenant_table('service_account');
revoke delete on service_account from sagewai_request;

-- Custom roles. The built-in ones are in the contract and have no row.
create table role (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  permissions text[] not null,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  constraint a_role_name_is_taken_once_in_its_organization unique (org_id, name),
  constraint a_role_name_is_plain check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  constraint a_custom_role_is_no_built_in_one
    check (name not in ('owner', 'admin', 'operator', 'developer', 'auditor', 'viewer')),
  constraint a_role_gives_something check (cardinality(permissions) > 0)
);
call tenant_table('role');

create table role_assignment (
  id uuid primary key,
  org_id uuid not null references organization (id),
  -- Null: the whole organization.
  project_id uuid,
  subject_kind text not null,
  subject_id uuid not null,
  role text not null,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  -- What refers to a row of several tables refers to one of them by a column that only it fills.
  account_id uuid generated always as (case when subject_kind = 'account' then subject_id end) stored,
  group_id uuid generated always as (case when subject_kind = 'group' then subject_id end) stored,
  service_account_id uuid generated always as
    (case when subject_kind = 'service_account' then subject_id end) stored,
  custom_role text generated always as
    (case when role not in ('owner', 'admin', 'operator', 'developer', 'auditor', 'viewer')
          then role end) stored,
  constraint a_subject_is_known check (subject_kind in ('account', 'group', 'service_account')),
  constraint a_role_is_assigned_once
    unique nulls not distinct (org_id, project_id, subject_kind, subject_id, role),
  -- Ownership is of an organization, and held by people.
  constraint an_owner_is_a_person_of_the_whole_organization
    check (role <> 'owner' or (project_id is null and subject_kind = 'account')),
  foreign key (org_id, project_id) references project (org_id, id),
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade,
  foreign key (org_id, group_id) references account_group (org_id, id) on delete cascade,
  foreign key (org_id, service_account_id) references service_account (org_id, id) on delete cascade,
  constraint a_role_that_is_assigned_exists foreign key (org_id, custom_role) references role (org_id, name)
);
create index role_assignment_subject on role_assignment (org_id, subject_id);
call tenant_table('role_assignment');
revoke update on role_assignment from sagewai_request;

-- I11. Once an organization has an owner it keeps one: an active account that is owner by itself, as a
-- group can be emptied from outside. One after the other, so that two who leave do not leave together.
create function keep_an_owner() returns trigger
language plpgsql
as $$
begin
  if tg_table_name = 'account' and not exists (
       select from role_assignment
       where org_id = old.org_id and account_id = old.id and role = 'owner') then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('keep_an_owner ' || old.org_id, 0));
  perform from role_assignment assigned join account on account.id = assigned.account_id
    where assigned.org_id = old.org_id and account.org_id = old.org_id
      and assigned.role = 'owner' and account.active;
  if not found then
    raise exception 'an organization keeps an owner'
      using errcode = 'check_violation', constraint = 'an_organization_keeps_an_owner';
  end if;
  return null;
end $$;

create trigger an_organization_keeps_an_owner
  after delete on role_assignment
  for each row when (old.role = 'owner' and old.subject_kind = 'account')
  execute function keep_an_owner();

create trigger an_organization_keeps_an_owner
  after update of active on account
  for each row when (old.active and not new.active)
  execute function keep_an_owner();
