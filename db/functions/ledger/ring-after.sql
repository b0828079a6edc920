-- B1. A ring of seconds turned to a later second, with amounts added to the seconds that it still has.
create or replace function ring_after(
  p_slots bigint[], p_total numeric, p_newest timestamptz, p_now timestamptz,
  p_seconds bigint[], p_amounts bigint[],
  out slots bigint[], out total numeric
)
language plpgsql immutable
as $$
declare
  v_from bigint := epoch_second(p_newest);
  v_to bigint := epoch_second(p_now);
  v_slot int;
begin
  if v_to - v_from >= 61 then
    slots := array_fill(0::bigint, array[61]);
    total := 0;
  else
    slots := p_slots;
    total := p_total;
    for v_second in v_from + 1 .. v_to loop
      v_slot := v_second % 61 + 1;
      total := total - slots[v_slot];
      slots[v_slot] := 0;
    end loop;
  end if;
  for i in 1 .. coalesce(cardinality(p_seconds), 0) loop
    if p_seconds[i] > v_to - 61 then
      v_slot := p_seconds[i] % 61 + 1;
      slots[v_slot] := slots[v_slot] + p_amounts[i];
      total := total + p_amounts[i];
    end if;
  end loop;
end $$;
