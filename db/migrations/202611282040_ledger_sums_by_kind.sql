-- R4. Sums of one kind lie together: a report reads all of one, and those of sessions are many times those of calls.
-- Tokens are whole numbers that fit, and are added up several times as fast as those that need not.
alter table spend_daily rename to spend_daily_before;
alter table spend_daily_before rename constraint spend_daily_pkey to spend_daily_before_pkey;
alter table spend_daily_before no force row level security;
alter table spend_daily_before disable row level security;

create table spend_daily (
  org_id uuid not null,
  kind text not null,
  day date not null,
  -- The session or the tag; empty for `call`.
  name text not null,
  project_id uuid not null,
  key_id uuid,
  team text not null,
  person text not null,
  model text not null,
  provider text not null,
  agent text not null,
  calls bigint not null,
  failed_calls bigint not null,
  unpriced_calls bigint not null,
  cost_pusd numeric(38,0) not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  cache_write_tokens bigint not null,
  output_tokens bigint not null,
  -- Of everything that names the row: texts may be longer than what an index takes.
  digest uuid not null generated always as (md5(
    spend_field(name) || spend_field(project_id::text) || spend_field(coalesce(key_id::text, ''))
    || spend_field(team) || spend_field(person) || spend_field(model) || spend_field(provider)
    || spend_field(agent))::uuid) stored,
  primary key (org_id, kind, day, digest),
  constraint a_kind_is_known check (kind in ('call', 'session', 'tag'))
) partition by list (kind);
-- The one that is left of the kinds that there can be.
create table spend_daily_call partition of spend_daily default with (fillfactor = 70);
create table spend_daily_session partition of spend_daily for values in ('session') with (fillfactor = 70);
create table spend_daily_tag partition of spend_daily for values in ('tag') with (fillfactor = 70);

insert into spend_daily (
  org_id, kind, day, name, project_id, key_id, team, person, model, provider, agent, calls, failed_calls, unpriced_calls,
  cost_pusd, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens)
select org_id, kind, day, name, project_id, key_id, team, person, model, provider, agent, calls, failed_calls, unpriced_calls,
       cost_pusd, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens
from spend_daily_before
order by org_id, day;
drop table spend_daily_before;

call tenant_table('spend_daily');
-- Reached only through the whole table, whose policy then counts.
do $$
declare v_table text;
begin
  foreach v_table in array array['spend_daily_call', 'spend_daily_session', 'spend_daily_tag'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
  end loop;
end $$;

-- What it answers has other types.
drop function if exists ledger_daily(uuid, text, date, date);
