-- X9. What a poller's address still lists is not forgotten: it would be new again, and start its runs again.
alter table trigger_firing add column seen_at timestamptz not null default app_now();
update trigger_firing set seen_at = fired_at;
drop index trigger_firing_old;
create index trigger_firing_old on trigger_firing (org_id, seen_at);

-- When its items were read last; null: never.
alter table trigger_poll add column items_at timestamptz;
update trigger_poll set items_at = polled_at where has_items;
