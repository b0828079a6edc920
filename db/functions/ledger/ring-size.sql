-- B1. How many slots a period has that slides: one more than it is long, since the newest is under way.
create or replace function ring_size(p_period text) returns int
language sql immutable parallel safe
as $$ select case p_period when 'minute' then 61 when '30_days' then 31 end $$;
