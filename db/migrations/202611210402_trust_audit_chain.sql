-- The audit log: one hash-linked chain for each organization, and one (the nil UUID) for the platform.
-- What its hash covers is written down in contract/wire/src/evidence.ts.

-- Owns the one function that appends, and holds the only rights to write. Nobody logs in as it, and no
-- serving role is a member of it.
do $$
begin
  begin
    create role sagewai_audit nologin;
  exception when duplicate_object or unique_violation then null; -- made by another database
  end;
end $$;
grant usage on schema public to sagewai_audit;

-- Where each chain has got to. Its row is the lock that gives a chain its order.
create table audit_head (
  org_id uuid primary key,
  seq bigint not null,
  hash bytea not null,
  constraint a_hash_is_sha_256 check (octet_length(hash) = 32)
) with (fillfactor = 50);

-- No reference to `organization`: evidence outlives what it is about.
create table audit_entry (
  org_id uuid not null,
  seq bigint not null,
  version smallint not null,
  recorded_at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  outcome text not null,
  request_id text not null,
  details text not null,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (org_id, seq),
  constraint a_hash_is_sha_256
    check (octet_length(hash) = 32 and octet_length(previous_hash) = 32),
  constraint details_are_a_json_object check (jsonb_typeof(details::jsonb) = 'object'),
  constraint an_entry_is_small
    check (octet_length(details) <= 65536 and octet_length(subject) <= 4096
           and octet_length(actor) <= 1024 and octet_length(action) <= 1024
           and octet_length(outcome) <= 1024 and octet_length(request_id) <= 1024)
);
create index audit_entry_subject on audit_entry (org_id, subject, seq);
create index audit_entry_action on audit_entry (org_id, action, seq);

-- Tenancy binds reading; T2: of the rights that a tenant's table has, only reading is left.
call tenant_table('audit_head');
call tenant_table('audit_entry');
revoke insert, update, delete on audit_head, audit_entry from sagewai_request;

grant select, insert on audit_entry to sagewai_audit;
grant select, insert, update on audit_head to sagewai_audit;
-- Every transaction may add to the platform's chain (a refused stranger has no organization);
-- reading it takes a transaction that names it.
create policy platform_chain on audit_head to sagewai_audit
  using (org_id = '00000000-0000-0000-0000-000000000000');
create policy platform_chain on audit_entry to sagewai_audit
  using (org_id = '00000000-0000-0000-0000-000000000000');

-- Rights bind everybody but the owner of the tables; this stops the owner's slips too. A superuser can
-- lift it: against that stands the chain itself, and a head that somebody else has kept.
create function refuse_to_rewrite() returns trigger
language plpgsql
as $$
begin
  raise exception 'the audit log is append-only'
    using errcode = 'insufficient_privilege';
end $$;
create trigger an_entry_is_never_changed
  before update or delete on audit_entry
  for each row execute function refuse_to_rewrite();
create trigger the_log_is_never_emptied
  before truncate on audit_entry
  for each statement execute function refuse_to_rewrite();

-- Stable, though it could be immutable: then the planner writes it out where it is used.
create function netstring(p_text text) returns text
language sql stable strict parallel safe
as $$ select octet_length(convert_to(p_text, 'UTF8'))::text || ':' || p_text || ',' $$;

-- The instant of an entry as its hash covers it: UTC, microseconds.
create function audit_instant(p_at timestamptz) returns text
language sql stable strict parallel safe
as $$ select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

-- T1. Appends one entry and returns its number. The head's row stays locked until the transaction ends,
-- so it is taken last, and by ascending organization where there are several.
create function audit_append(
  p_org uuid, p_actor text, p_action text, p_subject text,
  p_outcome text, p_request_id text, p_details text
) returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  c_platform constant uuid := '00000000-0000-0000-0000-000000000000';
  c_version constant smallint := 1;
  v_seq bigint;
  v_at timestamptz;
  v_previous bytea;
  v_hash bytea;
begin
  if p_org is null or (p_org <> c_platform and not coalesce(p_org = any(public.visible_orgs()), false)) then
    raise exception 'this transaction does not act for organization %', p_org
      using errcode = 'insufficient_privilege'; -- T3
  end if;

  select seq, hash into v_seq, v_previous from public.audit_head where org_id = p_org for update;
  if not found then
    insert into public.audit_head (org_id, seq, hash)
    values (p_org, 0, decode(repeat('00', 32), 'hex'))
    on conflict (org_id) do nothing;
    select seq, hash into strict v_seq, v_previous
    from public.audit_head where org_id = p_org for update;
  end if;

  v_seq := v_seq + 1;
  v_at := public.app_clock(); -- read while the lock is held: later entries have later instants
  v_hash := sha256(convert_to(
    public.netstring(c_version::text)
    || public.netstring(p_org::text)
    || public.netstring(v_seq::text)
    || public.netstring(public.audit_instant(v_at))
    || public.netstring(p_actor)
    || public.netstring(p_action)
    || public.netstring(p_subject)
    || public.netstring(p_outcome)
    || public.netstring(p_request_id)
    || public.netstring(p_details)
    || public.netstring(encode(v_previous, 'hex')), 'UTF8'));

  insert into public.audit_entry
    (org_id, seq, version, recorded_at, actor, action, subject, outcome, request_id, details,
     previous_hash, hash)
  values
    (p_org, v_seq, c_version, v_at, p_actor, p_action, p_subject, p_outcome, p_request_id, p_details,
     v_previous, v_hash);
  update public.audit_head set seq = v_seq, hash = v_hash where org_id = p_org;
  return v_seq;
end $$;

revoke execute on function audit_append(uuid, text, text, text, text, text, text) from public;
grant execute on function audit_append(uuid, text, text, text, text, text, text)
  to sagewai_request, sagewai_dispatch;

-- The function changes hands last. A migrator that is no superuser must be a member of the new owner,
-- which must be allowed to have objects in the schema: both for this one statement.
do $$
declare
  v_superuser boolean := (select rolsuper from pg_roles where rolname = current_user);
begin
  if not v_superuser then
    execute format('grant sagewai_audit to %I', current_user);
    grant create on schema public to sagewai_audit;
  end if;
  alter function audit_append(uuid, text, text, text, text, text, text) owner to sagewai_audit;
  if not v_superuser then
    revoke create on schema public from sagewai_audit;
    execute format('revoke sagewai_audit from %I', current_user);
  end if;
end $$;
