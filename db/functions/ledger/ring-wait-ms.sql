-- How long until so much has left a ring: the oldest seconds leave first.
create or replace function ring_wait_ms(
  p_slots bigint[], p_newest timestamptz, p_now timestamptz, p_amount numeric
) returns bigint
language plpgsql immutable
as $$
declare
  v_now bigint := epoch_second(p_now);
  v_freed numeric := 0;
  v_second bigint := v_now - 60;
begin
  while v_second <= epoch_second(p_newest) loop
    v_freed := v_freed + p_slots[v_second % 61 + 1];
    exit when v_freed >= p_amount;
    v_second := v_second + 1;
  end loop;
  return ceil((least(v_second, v_now) + 61 - extract(epoch from p_now)) * 1000)::bigint;
end $$;
