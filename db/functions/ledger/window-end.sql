-- When the window of a period ends that an instant is in; null where it never does, or slides.
create or replace function window_end(p_period text, p_at timestamptz) returns timestamptz
language sql stable parallel safe
as $$
  select (window_of(p_period, p_at) at time zone 'UTC' + case p_period
    when 'hour' then interval '1 hour'
    when 'day' then interval '1 day'
    when 'week' then interval '7 days'
    when 'month' then interval '1 month'
  end) at time zone 'UTC'
$$;
