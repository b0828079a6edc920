-- Makes the months from p_from on that are not there yet. Owned by the migrator: requests make no tables.
create or replace function ledger_make_months(p_from date, p_months int) returns int
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  v_month date;
  v_made int := 0;
  v_table text;
  v_name text;
begin
  if p_months not between 1 and 24 then
    raise exception 'between 1 and 24 months at a time';
  end if;
  foreach v_table in array array['spend', 'routing_decision'] loop
    v_month := date_trunc('month', p_from)::date;
    for i in 1 .. p_months loop
      v_name := v_table || '_' || to_char(v_month, 'YYYYMM');
      if to_regclass('public.' || v_name) is null then
        begin
          execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
            v_name, v_table, public.uuid_from_instant(v_month::timestamp at time zone 'UTC'),
            public.uuid_from_instant((v_month + interval '1 month') at time zone 'UTC'));
          -- Reached only through the whole table, whose policy then counts.
          execute format('alter table public.%I enable row level security', v_name);
          execute format('alter table public.%I force row level security', v_name);
          v_made := v_made + 1;
        exception when check_violation then null; -- the default partition has rows of this month: it keeps them
        end;
      end if;
      v_month := v_month + interval '1 month';
    end loop;
  end loop;
  return v_made;
end $$;
