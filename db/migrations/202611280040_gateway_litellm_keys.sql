-- What LiteLLM's keys have beside ours, and the teams and people that such keys belong to.
create table team (
  org_id uuid not null references organization (id),
  -- As it was given, else one of ours.
  id text not null,
  alias text,
  -- Empty: every model.
  models text[] not null default '{}',
  metadata jsonb not null default '{}',
  parallel_max int,
  created_at timestamptz not null default app_now(),
  created_by text not null,
  updated_at timestamptz not null default app_now(),
  blocked_at timestamptz,
  -- What a deleted team spent stays its own: the name is not given again.
  deleted_at timestamptz,
  primary key (org_id, id),
  constraint a_team_has_a_short_name check (char_length(id) between 1 and 100 and id !~ '[[:cntrl:]]'),
  constraint a_team_has_slots check (parallel_max >= 0)
);
call tenant_table('team');
revoke delete on team from sagewai_request;

create table person (
  org_id uuid not null references organization (id),
  id text not null,
  alias text,
  email text,
  models text[] not null default '{}',
  metadata jsonb not null default '{}',
  parallel_max int,
  created_at timestamptz not null default app_now(),
  created_by text not null,
  updated_at timestamptz not null default app_now(),
  deleted_at timestamptz,
  primary key (org_id, id),
  constraint a_person_has_a_short_name check (char_length(id) between 1 and 100 and id !~ '[[:cntrl:]]'),
  constraint a_person_has_slots check (parallel_max >= 0)
);
call tenant_table('person');
revoke delete on person from sagewai_request;

create table team_member (
  org_id uuid not null,
  team_id text not null,
  person_id text not null,
  role text not null,
  added_at timestamptz not null default app_now(),
  primary key (org_id, team_id, person_id),
  foreign key (org_id, team_id) references team (org_id, id),
  foreign key (org_id, person_id) references person (org_id, id),
  constraint a_role_is_known check (role in ('admin', 'user'))
);
create index team_member_person on team_member (org_id, person_id);
call tenant_table('team_member');

alter table virtual_key
  add column team_id text,
  add column person_id text,
  -- Name in a request → model.
  add column aliases jsonb not null default '{}',
  add column metadata jsonb not null default '{}',
  add column tags text[] not null default '{}',
  -- Empty: every route that a key may call.
  add column allowed_routes text[] not null default '{}',
  add column parallel_max int,
  add column soft_budget_pusd numeric(38,0),
  add column updated_at timestamptz,
  add column updated_by text,
  add constraint a_key_is_of_a_team foreign key (org_id, team_id) references team (org_id, id),
  add constraint a_key_is_of_a_person foreign key (org_id, person_id) references person (org_id, id),
  add constraint a_key_has_slots check (parallel_max >= 0);
create index virtual_key_team on virtual_key (org_id, team_id) where team_id is not null;
create index virtual_key_person on virtual_key (org_id, person_id) where person_id is not null;

-- M7. A call under way of something that may have only so many. A slot ends with its call, or by itself.
create table call_slot (
  org_id uuid not null,
  scope_kind text not null,
  scope_id text not null,
  call_id uuid not null,
  expires_at timestamptz not null,
  primary key (org_id, scope_kind, scope_id, call_id),
  constraint a_scope_is_known check (scope_kind in ('key', 'team', 'person'))
);
call tenant_table('call_slot');

-- Answers more than before.
drop function find_virtual_key(bytea);
