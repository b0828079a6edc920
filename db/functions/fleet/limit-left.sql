-- How many runs a limit lets start now (null: any number), what holds the rest back, and for how long that
-- will be so where it is known. Leases are counted, so there is no counter that a crash could leave wrong;
-- there are at most as many as the cap.
create or replace function fleet_limit_left(
  p_limit dispatch_limit, out room integer, out held text, out held_ms integer
)
language plpgsql volatile
set enable_seqscan = off
as $$
declare
  v_starts integer[];
  v_slot bigint;
  v_left integer;
  v_slots integer;
begin
  if p_limit.paused then
    room := 0;
    held := 'paused';
    return;
  end if;
  if p_limit.max_running is not null then
    room := greatest(0, p_limit.max_running - case when p_limit.key is null
      then (select count(*) from lease l where l.project_cap = p_limit.limit_id)
      else (select count(*) from lease l where l.key_cap = p_limit.limit_id) end);  -- F7
    held := 'cap';
  end if;
  if p_limit.starts_max is not null then
    select s.starts, s.slot into v_starts, v_slot
    from fleet_starts_now(p_limit.starts, p_limit.starts_slot, p_limit.starts_per_ms) s;
    v_left := greatest(0, p_limit.starts_max - (select sum(n) from unnest(v_starts) n));  -- F7
    if room is null or v_left < room then
      room := v_left;
      held := 'rate';
      -- Until the oldest slot with a start has left.
      v_slots := cardinality(v_starts)
        - coalesce((select max(o) from unnest(v_starts) with ordinality as u(n, o) where n > 0), 0);
      held_ms := ceil((v_slot + v_slots + 1) * (p_limit.starts_per_ms / 20.0)
                      - extract(epoch from app_clock()) * 1000);
    end if;
  end if;
end $$;
