-- How long a slot is, of a ring of so many: 61 are seconds, 31 are days of UTC.
create or replace function ring_slot_seconds(p_size int) returns bigint
language sql immutable parallel safe
as $$ select case p_size when 31 then 86400 else 1 end::bigint $$;
