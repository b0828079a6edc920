-- Answers that were kept from an earlier call: what such a call would have cost is told apart from what it
-- cost, which is nothing.
alter table spend drop constraint a_usage_source_is_known;
alter table spend add constraint a_usage_source_is_known
  check (usage_source in ('provider', 'estimate', 'declared_by_worker', 'unknown', 'cache'));
alter table spend add constraint what_was_kept_is_free check (usage_source <> 'cache' or cost_pusd = 0);

-- Part of the decision, whose text the audit log covers: a column of it, so that it can be added up.
alter table routing_decision
  add column saved_pusd bigint generated always as ((decision ->> 'saved_pusd')::bigint) stored;
-- Keys say how they are cached and what they are guarded by.
drop function if exists find_virtual_key(bytea);
create index routing_decision_saved on routing_decision (org_id, id) where saved_pusd is not null;
