-- Whether a worker's labels satisfy what a class requires beyond equal labels, as the servers decide it.
-- For counting only: no claim asks.
create or replace function fleet_satisfies(p_labels jsonb, p_routing jsonb) returns boolean
language sql immutable
as $$
  select not exists (
    select from jsonb_array_elements(coalesce(p_routing -> 'selectors', '[]'::jsonb)) as s(selector)
    cross join lateral (
      select p_labels ->> (selector ->> 'label') as value, selector ->> 'op' as op,
             selector -> 'values' as wanted
    ) x
    where not case
      when x.op = 'in' then x.value is not null and x.wanted ? x.value
      when x.op = 'not_in' then x.value is null or not x.wanted ? x.value
      when x.op = 'exists' then x.value is not null
      when x.op = 'not_exists' then x.value is null
      when x.value is null or x.value !~ '^[+-]?[0-9]{1,30}([.][0-9]{1,30})?$' then false
      when x.op = 'gte' then x.value::numeric >= (x.wanted ->> 0)::numeric
      when x.op = 'gt' then x.value::numeric > (x.wanted ->> 0)::numeric
      when x.op = 'lte' then x.value::numeric <= (x.wanted ->> 0)::numeric
      when x.op = 'lt' then x.value::numeric < (x.wanted ->> 0)::numeric
      else false end)
$$;
