-- Drops the months of routing decisions that were over before p_before, and such rows of the default
-- partition. Answers how many months. Owned by the migrator: requests delete none of them.
create or replace function ledger_drop_decisions(p_before timestamptz) returns int
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  v_name text;
  v_month date;
  v_dropped int := 0;
begin
  if p_before > public.app_now() - interval '1 day' then
    raise exception 'what is younger than a day is kept';
  end if;
  perform set_config('lock_timeout', '2s', true);
  for v_name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.routing_decision'::regclass and c.relname ~ '^routing_decision_[0-9]{6}$'
    order by c.relname
  loop
    v_month := to_date(right(v_name, 6), 'YYYYMM');
    exit when (v_month + interval '1 month') at time zone 'UTC' > p_before;
    execute format('drop table public.%I', v_name);
    v_dropped := v_dropped + 1;
  end loop;
  perform set_config('sagewai.orgs',
    coalesce((select string_agg(d.org_id::text, ',') from public.organization_directory d), ''), true);
  -- By the whole table: its policy counts, and the partition has none.
  delete from public.routing_decision r
  where r.id < public.uuid_from_instant(p_before) and r.tableoid = 'public.routing_decision_rest'::regclass;
  return v_dropped;
end $$;

revoke execute on function ledger_drop_decisions(timestamptz) from public;
grant execute on function ledger_drop_decisions(timestamptz) to sagewai_dispatch;
