-- Under which names a row of spend is summed up.
create or replace function ledger_parts_of(s spend) returns table (kind text, name text)
language sql immutable
as $$
  select 'call', ''
  union all
  select 'session', s.session_id where s.session_id <> ''
  union all
  select distinct 'tag', t.tag from unnest(s.tags) t(tag) where t.tag <> ''
$$;
