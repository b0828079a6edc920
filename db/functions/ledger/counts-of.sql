-- On which day a row of spend counts, and as what. A correction is no further call.
create or replace function ledger_counts_of(s spend)
returns table (day date, calls bigint, failed_calls bigint, unpriced_calls bigint)
language sql immutable
as $$
  select (s.started_at at time zone 'UTC')::date, 1::bigint - s.entry,
         case when s.entry = 0 and s.status = 'error' then 1 else 0 end::bigint,
         case when s.entry = 0 and not s.price_known then 1 else 0 end::bigint
$$;
