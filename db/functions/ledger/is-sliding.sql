-- B1. Whether the window of a period slides: it is counted in the slots of a ring.
create or replace function is_sliding(p_period text) returns boolean
language sql immutable parallel safe
as $$ select p_period in ('minute', '30_days') $$;
