-- Keys that callers of models hold. Limits are the ledger's budgets of scope 'key'; the hash of the
-- key is identity's `credential`.

create table virtual_key (
  id uuid primary key,
  org_id uuid not null references organization (id),
  project_id uuid not null,
  name text not null,
  hint text not null,
  -- As given; empty: every model.
  models text[] not null default '{}',
  -- Whether calls without a limit may be sent with a cap that fits into what is left (M1).
  may_cap boolean not null default true,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  expires_at timestamptz,
  blocked_at timestamptz,
  revoked_at timestamptz,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_name_is_short_and_printable
    check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  constraint a_key_expires_after_its_creation check (expires_at > created_at)
);
create index virtual_key_org_id on virtual_key (org_id, id);
call tenant_table('virtual_key');

-- What a revoked key was is part of the record.
revoke delete on virtual_key from sagewai_request;

-- The key behind a hash, in one statement: whose it is tells the look-up, and then its row may be seen.
create function find_virtual_key(p_hash bytea)
returns table (
  id uuid, org_id uuid, project_id uuid, name text, models text[], may_cap boolean,
  expires_at timestamptz, is_blocked boolean, now timestamptz
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_id uuid;
  v_org uuid;
begin
  select c.id, c.org_id into v_id, v_org from credential c where c.hash = p_hash and c.kind = 'key';
  if v_id is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_org::text, true);
  return query
    select k.id, k.org_id, k.project_id, k.name, k.models, k.may_cap, k.expires_at,
           k.blocked_at is not null, app_now()
    from virtual_key k
    where k.id = v_id and k.revoked_at is null;
end $$;
