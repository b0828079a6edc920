-- Queues that nobody can serve are told of once.
alter table subqueue add column unmatchable_since timestamptz;
