-- How long until so much has left a ring: the oldest slots leave first.
create or replace function ring_wait_ms(
  p_slots bigint[], p_newest timestamptz, p_now timestamptz, p_amount numeric
) returns bigint
language plpgsql immutable
as $$
declare
  v_size constant int := cardinality(p_slots);
  v_length constant bigint := ring_slot_seconds(v_size);
  v_newest constant bigint := epoch_second(p_newest) / v_length;
  v_now constant bigint := epoch_second(p_now) / v_length;
  v_freed numeric := 0;
  v_slot bigint := v_now - v_size + 1;
begin
  while v_slot <= v_newest loop
    v_freed := v_freed + p_slots[v_slot % v_size + 1];
    exit when v_freed >= p_amount;
    v_slot := v_slot + 1;
  end loop;
  return ceil(((least(v_slot, v_now) + v_size) * v_length - extract(epoch from p_now)) * 1000)::bigint;
end $$;
