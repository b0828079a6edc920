-- B1. When the window of a period opened that an instant is in. Weeks begin on Sunday; of one that
-- slides, its newest slot; what counts for ever began before there was anything.
create or replace function window_of(p_period text, p_at timestamptz) returns timestamptz
language sql stable parallel safe
as $$
  select case p_period
    when 'minute' then date_trunc('second', p_at)
    when 'hour' then date_trunc('hour', p_at at time zone 'UTC') at time zone 'UTC'
    when 'day' then day_of(p_at)
    when '30_days' then day_of(p_at)
    when 'week' then
      (date_trunc('week', p_at at time zone 'UTC' + interval '1 day') - interval '1 day') at time zone 'UTC'
    when 'month' then date_trunc('month', p_at at time zone 'UTC') at time zone 'UTC'
    when 'total' then timestamptz '1970-01-01 00:00Z'
  end
$$;
