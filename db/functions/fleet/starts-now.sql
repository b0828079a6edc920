-- The starts of a rate in the slots of its period as of now. There are twenty slots and the one that has
-- begun: whatever 1/20 of the period they are off, they cover all of it (F7).
create or replace function fleet_starts_now(
  p_starts integer[], p_slot bigint, p_per_ms integer, out starts integer[], out slot bigint
)
language plpgsql volatile
as $$
declare
  c_slots constant integer := 20;
  v_shift bigint;
begin
  slot := floor(extract(epoch from app_clock()) * 1000 * c_slots / p_per_ms);
  -- A clock that went back stands still.
  if p_slot is not null and slot < p_slot then
    slot := p_slot;
  end if;
  v_shift := coalesce(slot - p_slot, c_slots + 1);
  if p_starts is null or v_shift > c_slots then
    starts := array_fill(0, array[c_slots + 1]);
  elsif v_shift = 0 then
    starts := p_starts;
  else
    starts := array_fill(0, array[v_shift::integer]) || p_starts[1 : c_slots + 1 - v_shift::integer];
  end if;
end $$;
