-- Webhooks take more than alerts: what runs, workers, keys and the audit log do. What is told is read from the audit log,
-- which commits with it; nothing is written beside it where nobody has asked.

alter table alert_webhook
  -- Null: of the whole organization; else it is told of this project's runs alone.
  add column project_id uuid,
  -- Since when nothing has arrived; null: it works.
  add column failing_since timestamptz,
  add constraint a_webhook_is_of_a_project foreign key (org_id, project_id) references project (org_id, id);

-- T10. The same event reaches a webhook under one id, however often it is read.
create unique index alert_delivery_message on alert_delivery (webhook_id, message_id);

-- T9. Up to which entry of its log an organization's webhooks have been told.
create table event_cursor (
  org_id uuid primary key,
  seq bigint not null
);
call tenant_table('event_cursor');

-- What became of each attempt.
create table delivery_attempt (
  delivery_id uuid not null references alert_delivery (id) on delete cascade,
  n integer not null,
  org_id uuid not null,
  at timestamptz not null,
  took_ms integer not null,
  status integer,
  error text,
  -- The beginning of what was answered.
  answer text,
  primary key (delivery_id, n, at)
);
call tenant_table('delivery_attempt');

alter table outbox_due drop constraint it_is_known_what_is_sent,
  add constraint it_is_known_what_is_sent check (what in ('alerts', 'audit', 'events'));
