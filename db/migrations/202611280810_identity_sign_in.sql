-- How people prove who they are, and the sessions in which they then work.

-- A2. The hash names its own cost; the pepper that it also depends on is not in this database.
create table account_password (
  account_id uuid primary key,
  org_id uuid not null,
  hash text not null,
  changed_at timestamptz not null default app_now(),
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade,
  constraint a_password_is_hashed check (hash like '$argon2id$%')
);
call tenant_table('account_password');

-- A4. The secret is sealed; `last_step` is the newest code that was used.
create table account_totp (
  account_id uuid primary key,
  org_id uuid not null,
  sealed_secret text not null,
  created_at timestamptz not null default app_now(),
  -- Null: its owner has not yet shown a code of it, and it is not asked for.
  confirmed_at timestamptz,
  last_step bigint not null default 0,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade
);
call tenant_table('account_totp');

-- A4. A row is one code that can still be used; using it deletes it.
create table account_recovery_code (
  org_id uuid not null,
  account_id uuid not null,
  hash bytea not null,
  primary key (account_id, hash),
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade,
  constraint a_hash_is_sha_256 check (octet_length(hash) = 32)
);
call tenant_table('account_recovery_code');

create table account_passkey (
  id uuid primary key,
  org_id uuid not null,
  account_id uuid not null,
  name text not null,
  credential_id bytea not null,
  -- A public key as SubjectPublicKeyInfo.
  public_key bytea not null,
  sign_count bigint not null,
  is_backed_up boolean not null,
  created_at timestamptz not null default app_now(),
  last_used_at timestamptz,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade,
  constraint a_passkey_is_of_one_account unique (org_id, credential_id)
);
create index account_passkey_account on account_passkey (account_id, id);
call tenant_table('account_passkey');

-- A1. `credential` has the hash of its value, kind `session`, until it ends.
create table login_session (
  id uuid primary key,
  org_id uuid not null,
  account_id uuid not null,
  method text not null,
  created_at timestamptz not null default app_now(),
  last_seen_at timestamptz not null default app_now(),
  -- When its owner last proved who they are.
  authenticated_at timestamptz not null default app_now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  address text not null,
  user_agent text not null,
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade,
  constraint a_method_is_known
    check (method in ('password', 'password+totp', 'password+recovery', 'passkey', 'oidc', 'link')),
  constraint a_session_expires_after_its_start check (expires_at > created_at)
);
create index login_session_account on login_session (account_id, id);
call tenant_table('login_session');

-- A7. A link that makes an account, or sets its password anew: once, for a time.
create table account_link (
  id uuid primary key,
  org_id uuid not null,
  kind text not null,
  email text not null,
  -- For the password of this account; an invitation has none yet.
  account_id uuid,
  role text,
  project_id uuid,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz,
  foreign key (org_id) references organization (id),
  foreign key (org_id, account_id) references account (org_id, id) on delete cascade,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_link_is_for_something
    check ((kind = 'invitation' and account_id is null and role is not null)
        or (kind = 'reset' and account_id is not null and role is null and project_id is null)),
  constraint a_link_is_used_or_revoked check (used_at is null or revoked_at is null)
);
create index account_link_org_id on account_link (org_id, id);
call tenant_table('account_link');

-- A5. What was answered once is not answered again, for as long as it would be good.
create table spent_challenge (
  org_id uuid not null references organization (id),
  hash bytea not null,
  expires_at timestamptz not null,
  primary key (org_id, hash),
  constraint a_hash_is_sha_256 check (octet_length(hash) = 32)
);
call tenant_table('spent_challenge');

-- A3. How often it was tried. A subject is a keyed hash of an account's or a sender's address, so the
-- row tells nothing; it stands outside row-level security because whoever tries is nobody yet.
create table sign_in_attempt (
  subject bytea primary key,
  attempts integer not null,
  since timestamptz not null,
  until timestamptz not null,
  constraint a_subject_is_a_hash check (octet_length(subject) = 32)
);
create index sign_in_attempt_until on sign_in_attempt (until);
call dispatch_table('sign_in_attempt');

-- A6. One row: whether the first owner was made. The setup token is derived from `id` with a key that is
-- not in this database. Made by what starts a server; requests can only mark it used.
create table first_setup (
  id uuid primary key,
  is_only boolean not null default true unique check (is_only),
  created_at timestamptz not null default app_now(),
  used_at timestamptz
);
call dispatch_table('first_setup');
revoke insert, update, delete on first_setup from sagewai_request;
grant update (used_at) on first_setup to sagewai_request;
