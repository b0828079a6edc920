-- When a run was submitted, by its id (UUIDv7).
create or replace function fleet_submitted_at(p_run_id uuid) returns timestamptz
language sql immutable strict parallel safe
as $$
  select to_timestamp(
    ('x' || lpad(left(replace(p_run_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0)
$$;
