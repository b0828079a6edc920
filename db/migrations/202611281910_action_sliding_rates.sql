-- breaking: a process of before counts the calls of a rate in other columns.
-- Windows of rates slide: a ring of slots, as the ledger's minutes have.
alter table tool_rate
  drop column window_at,
  drop column used,
  add column used numeric not null default 0,
  add column slots bigint[] not null default array_fill(0::bigint, array[61]),
  -- By a clock of the rate's own, which tells its window as a minute.
  add column newest_at timestamptz not null default '1970-01-01T00:00:00Z';
