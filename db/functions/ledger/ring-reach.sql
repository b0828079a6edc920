-- How far before its newest slot a ring reaches; nothing, of a period that does not slide.
create or replace function ring_reach(p_period text) returns interval
language sql immutable parallel safe
as $$
  select coalesce(ring_size(p_period) * ring_slot_seconds(ring_size(p_period)), 0) * interval '1 second'
$$;
