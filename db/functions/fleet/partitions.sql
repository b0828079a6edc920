-- The partitions of a table of `fleet_daily_tables`, without the default one.
create or replace function fleet_partitions(p_table text)
returns table (name text, lower uuid, upper uuid)
language sql stable
as $$
  select c.relname::text, (bound.of[1])::uuid, (bound.of[2])::uuid
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  cross join lateral (
    select regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') as of
  ) bound
  where i.inhparent = p_table::regclass and bound.of is not null
$$;
