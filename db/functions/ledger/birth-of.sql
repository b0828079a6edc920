-- An instant before which nothing can have happened to a thing of this name: our identifiers tell when
-- they were made. A day earlier, since they are made by other clocks. Bounds what a limit counts that
-- counts for ever.
create or replace function birth_of(p_id text) returns timestamptz
language sql immutable parallel safe
as $$
  select case
    when p_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$' then
      timestamptz '1970-01-01 00:00Z' + interval '1 millisecond' * greatest(0,
        (('x' || lpad(replace(left(p_id, 13), '-', ''), 16, '0'))::bit(64)::bigint - 86400000))
    else timestamptz '1970-01-01 00:00Z'
  end
$$;
