-- G1, G2. A token of an administrator of the platform for an emergency: made on the host, with a reason, for minutes.
alter table platform_token
  add column reason text,
  add column expires_at timestamptz,
  add column used_at timestamptz,
  -- The only address that it works from; null until its first use.
  add column used_address text,
  add column revoked_at timestamptz,
  add constraint break_glass_ends
    check (reason is null or (reason <> '' and expires_at is not null
                              and expires_at <= created_at + interval '1 hour'));
-- Requests may say that and from where one is used; never make one, or let it live longer.
grant update (used_at, used_address) on platform_token to sagewai_request;

-- G3. The organizations that one was used in: each is told at the first time.
create table break_glass_use (
  org_id uuid not null references organization (id),
  token_id uuid not null,
  first_used_at timestamptz not null default app_now(),
  primary key (org_id, token_id)
);
call tenant_table('break_glass_use');
revoke update, delete on break_glass_use from sagewai_request;
