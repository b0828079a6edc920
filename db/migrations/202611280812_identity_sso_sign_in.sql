-- Sign-ins at identity providers: on their way, who is whose account, and what has come of them.

-- O4. Between sending a browser off and its return. The state and the browser are known by their hashes;
-- nonce and verifier are sealed.
create table oidc_login (
  state_hash bytea primary key,
  org_id uuid not null,
  connection_id uuid not null,
  browser_hash bytea not null,
  sealed text not null,
  redirect_uri text not null,
  return_to text not null,
  cli_port integer,
  cli_challenge text,
  created_at timestamptz not null default app_now(),
  expires_at timestamptz not null,
  foreign key (org_id, connection_id) references oidc_connection (org_id, id) on delete cascade,
  constraint a_hash_is_sha_256 check (octet_length(state_hash) = 32 and octet_length(browser_hash) = 32),
  constraint a_command_line_has_a_challenge check ((cli_port is null) = (cli_challenge is null))
);
create index oidc_login_expiry on oidc_login (org_id, expires_at);
call tenant_table('oidc_login');

-- O1. Which account a subject of a provider is.
create table oidc_identity (
  org_id uuid not null,
  connection_id uuid not null,
  subject text not null,
  account_id uuid not null,
  created_at timestamptz not null default app_now(),
  primary key (connection_id, subject),
  foreign key (org_id, connection_id) references oidc_connection (org_id, id) on delete cascade,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade,
  constraint an_account_is_one_subject_of_a_connection unique (org_id, connection_id, account_id)
);
create index oidc_identity_account on oidc_identity (account_id);
call tenant_table('oidc_identity');

-- What the provider has to be shown to sign out there, too. `id_token` is sealed.
create table oidc_session (
  session_id uuid primary key,
  org_id uuid not null,
  connection_id uuid not null,
  account_id uuid not null,
  id_token text not null,
  created_at timestamptz not null default app_now(),
  foreign key (org_id, connection_id) references oidc_connection (org_id, id) on delete cascade,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade
);
create index oidc_session_account on oidc_session (account_id);
create index oidc_session_connection on oidc_session (connection_id);
call tenant_table('oidc_session');

-- A browser has signed in for a command line, which comes for its session with a code.
create table oidc_handover (
  id uuid primary key,
  org_id uuid not null,
  connection_id uuid not null,
  account_id uuid not null,
  challenge text not null,
  id_token text not null,
  created_at timestamptz not null default app_now(),
  expires_at timestamptz not null,
  foreign key (org_id, connection_id) references oidc_connection (org_id, id) on delete cascade,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade
);
create index oidc_handover_expiry on oidc_handover (org_id, expires_at);
call tenant_table('oidc_handover');
