-- In which slot an instant counts, of a ring of so many, counted from 1970.
create or replace function ring_slot(p_size int, p_at timestamptz) returns bigint
language sql stable parallel safe
as $$ select epoch_second(p_at) / ring_slot_seconds(p_size) $$;
