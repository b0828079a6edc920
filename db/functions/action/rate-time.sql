-- The clock by which a rate's window is a minute, whatever its seconds: so it is a ring of sixty-one slots.
create or replace function action_rate_time(p_at timestamptz, p_per_seconds integer) returns timestamptz
language sql immutable
as $$ select to_timestamp(extract(epoch from p_at)::double precision * 60 / p_per_seconds) $$;
