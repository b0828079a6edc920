-- Limits of the 30 days that end now: a ring of 31 days, as a minute is one of 61 seconds.
alter table budget drop constraint a_period_is_known;
alter table budget add constraint a_period_is_known
  check (period in ('minute', 'hour', 'day', 'week', 'month', '30_days', 'total'));
alter table budget drop constraint a_minute_has_slots;
alter table budget add constraint a_window_that_slides_has_slots check (
  case period when 'minute' then cardinality(slots) = 61 when '30_days' then cardinality(slots) = 31
    else slots is null end);
