-- What every table of the product stands on: roles, time, and tenancy.

do $$
declare
  r text;
begin
  -- Roles belong to the cluster, not to the database, so another database may have made them.
  foreach r in array array['sagewai_request', 'sagewai_dispatch'] loop
    begin
      execute format('create role %I nologin', r);
    exception when duplicate_object or unique_violation then null;
    end;
    -- The migrating login is often the one that serves; the others are granted by the migrator. Since
    -- PostgreSQL 16 a role's maker may administer it without being able to become it.
    begin
      execute format('grant %I to %I', r, current_user);
    exception when insufficient_privilege then null; -- granted by whoever made the role
    end;
  end loop;
end $$;

revoke create on schema public from public;
grant usage on schema public to sagewai_request, sagewai_dispatch;

-- Business time: the transaction's start on the database's clock. The offset exists for tests of
-- midnight and expiry; it is a connection option of the process, never input.
create function app_now() returns timestamptz
language sql stable parallel safe
as $$
  select now() + make_interval(
    secs => coalesce(nullif(current_setting('sagewai.clock_offset_seconds', true), '')::double precision, 0))
$$;

-- The same clock, read now: for statements that have waited for a lock.
create function app_clock() returns timestamptz
language sql volatile
as $$
  select clock_timestamp() + make_interval(
    secs => coalesce(nullif(current_setting('sagewai.clock_offset_seconds', true), '')::double precision, 0))
$$;

-- The organizations that the current transaction acts for; none unless it said so.
create function visible_orgs() returns uuid[]
language sql stable parallel safe
as $$
  select string_to_array(nullif(current_setting('sagewai.orgs', true), ''), ',')::uuid[]
$$;

-- Makes a table a tenant's: row-level security that also binds the owner, one policy, and the rights
-- of the role that serves requests. The sub-select makes the list an init plan, so indexes are used.
create procedure tenant_table(p_table text)
language plpgsql
as $$
begin
  execute format('alter table %I enable row level security', p_table);
  execute format('alter table %I force row level security', p_table);
  execute format(
    'create policy tenant on %I using (org_id = any(array(select unnest(visible_orgs()))))
       with check (org_id = any(array(select unnest(visible_orgs()))))', p_table);
  execute format('grant select, insert, update, delete on %I to sagewai_request', p_table);
end $$;

-- A table of the dispatch list: it holds no content, so it is not partitioned by tenant.
create procedure dispatch_table(p_table text)
language plpgsql
as $$
begin
  execute format(
    'grant select, insert, update, delete on %I to sagewai_request, sagewai_dispatch', p_table);
end $$;

revoke execute on procedure tenant_table(text), dispatch_table(text) from public;
