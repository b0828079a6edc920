-- Identity providers of organizations: whose people sign in elsewhere, and how that is asked.

create table oidc_connection (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  issuer text not null,
  client_id text not null,
  -- Sealed for this row alone. Null: a public client.
  client_secret text,
  client_authentication text not null,
  scopes text[] not null,
  email_domains text[] not null,
  claims jsonb not null,
  group_roles jsonb not null,
  provisioning text not null,
  enforced boolean not null,
  enabled boolean not null,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  changed_at timestamptz not null default app_now(),
  constraint a_connection_has_one_organization unique (org_id, id),
  constraint a_client_proves_itself_in_a_known_way
    check (client_authentication in ('basic', 'post', 'none')),
  constraint a_client_without_secret_proves_itself_by_none
    check (client_authentication = 'none' or client_secret is not null),
  constraint a_secret_is_sealed check (client_secret like 's1.%'),
  constraint accounts_are_made_in_a_known_way
    check (provisioning in ('first_sign_in', 'known_accounts')),
  constraint what_is_enforced_is_enabled check (enabled or not enforced)
);
create unique index a_connection_name_is_taken_once on oidc_connection (org_id, lower(name));
call tenant_table('oidc_connection');
