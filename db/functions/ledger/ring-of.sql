-- An empty ring for a period; null for one that does not slide.
create or replace function ring_of(p_period text) returns bigint[]
language sql immutable parallel safe
as $$ select case when is_sliding(p_period) then array_fill(0::bigint, array[ring_size(p_period)]) end $$;
