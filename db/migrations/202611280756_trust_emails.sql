-- Alerts that go to people by e-mail: an outbox like that of webhooks, a row a receiver.
create table alert_email (
  id uuid primary key,
  org_id uuid not null references organization (id),
  -- The same for every repetition.
  message_id text not null,
  event_type text not null,
  receiver text not null,
  subject text not null,
  body text not null,
  state text not null default 'pending',
  attempts integer not null default 0,
  due_at timestamptz not null,
  created_at timestamptz not null default app_now(),
  ended_at timestamptz,
  last_error text,
  constraint an_email_has_a_known_state check (state in ('pending', 'delivered', 'failed'))
);
create index alert_email_due on alert_email (org_id, due_at) where state = 'pending';
create index alert_email_created on alert_email (org_id, created_at desc, id);
call tenant_table('alert_email');

alter table outbox_due drop constraint it_is_known_what_is_sent;
alter table outbox_due add constraint it_is_known_what_is_sent
  check (what in ('alerts', 'audit', 'events', 'emails'));
