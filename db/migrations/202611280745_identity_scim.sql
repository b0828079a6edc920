-- What SCIM keeps of accounts beyond what they are here, and when users and groups were changed.

create table scim_user (
  account_id uuid primary key,
  org_id uuid not null,
  user_name text not null,
  -- As it was sent, but for what has a column of its own.
  attributes jsonb not null,
  -- The account stays, for the audit log names it; no client of SCIM sees it until it is made again.
  deleted_at timestamptz,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade
);
create unique index a_user_name_is_taken_once on scim_user (org_id, lower(user_name))
  where deleted_at is null;
call tenant_table('scim_user');

create table scim_change (
  id uuid primary key,
  org_id uuid not null references organization (id),
  changed_at timestamptz not null
);
create index scim_change_org_id on scim_change (org_id);
call tenant_table('scim_change');

create function scim_note_account() returns trigger
language plpgsql
as $$
begin
  insert into scim_change (id, org_id, changed_at) values (new.id, new.org_id, app_now())
  on conflict (id) do update set changed_at = excluded.changed_at;
  return null;
end $$;

create trigger a_changed_account_is_noted
  after update on account
  for each row
  when ((old.email, old.name, old.external_id, old.active)
    is distinct from (new.email, new.name, new.external_id, new.active))
  execute function scim_note_account();

create trigger a_changed_group_is_noted
  after update on account_group
  for each row
  when ((old.name, old.external_id) is distinct from (new.name, new.external_id))
  execute function scim_note_account();

-- Once a statement, not once a member: a group may get fifty thousand at once.
create function scim_note_members() returns trigger
language plpgsql
as $$
begin
  insert into scim_change (id, org_id, changed_at)
  select distinct g.id, g.org_id, app_now()
  from changed c join account_group g on g.org_id = c.org_id and g.id = c.group_id
  on conflict (id) do update set changed_at = excluded.changed_at;
  return null;
end $$;

create trigger added_members_are_noted
  after insert on account_group_member
  referencing new table as changed
  for each statement execute function scim_note_members();

create trigger removed_members_are_noted
  after delete on account_group_member
  referencing old table as changed
  for each statement execute function scim_note_members();

-- A token of an identity provider does nothing but SCIM.
alter table access_token drop constraint a_token_has_known_scopes;
alter table access_token add constraint a_token_has_known_scopes
  check (cardinality(scopes) > 0
    and (scopes <@ array['read', 'write', 'admin'] or scopes = array['scim']));
