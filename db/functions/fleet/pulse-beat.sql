-- Beats, and tells since when there was no gap longer than `p_gap_ms`: while the server was away, no
-- worker could be heard, and none is to blame.
create or replace function fleet_pulse_beat(p_gap_ms integer) returns timestamptz
language sql
as $$
  insert into fleet_pulse as p (beat_at, up_since) values (app_now(), app_now())
  on conflict (one) do update set
    up_since = case when p.beat_at < app_now() - make_interval(secs => p_gap_ms / 1000.0)
                    then app_now() else p.up_since end,
    beat_at = app_now()
  returning up_since
$$;
