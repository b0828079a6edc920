-- B1. A ring turned to a later instant, with amounts added to the slots of the seconds that it still has.
create or replace function ring_after(
  p_slots bigint[], p_total numeric, p_newest timestamptz, p_now timestamptz,
  p_seconds bigint[], p_amounts bigint[],
  out slots bigint[], out total numeric
)
language plpgsql immutable
as $$
declare
  v_size constant int := cardinality(p_slots);
  v_length constant bigint := ring_slot_seconds(v_size);
  v_from constant bigint := epoch_second(p_newest) / v_length;
  v_to constant bigint := epoch_second(p_now) / v_length;
  v_position int;
begin
  if p_slots is null then return; end if; -- asked before the plan has looked at the period
  if v_to - v_from >= v_size then
    slots := array_fill(0::bigint, array[v_size]);
    total := 0;
  else
    slots := p_slots;
    total := p_total;
    for v_slot in v_from + 1 .. v_to loop
      v_position := v_slot % v_size + 1;
      total := total - slots[v_position];
      slots[v_position] := 0;
    end loop;
  end if;
  for i in 1 .. coalesce(cardinality(p_seconds), 0) loop
    if p_seconds[i] / v_length > v_to - v_size then
      v_position := p_seconds[i] / v_length % v_size + 1;
      slots[v_position] := slots[v_position] + p_amounts[i];
      total := total + p_amounts[i];
    end if;
  end loop;
end $$;
