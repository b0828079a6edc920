-- Alerts leave through an outbox: what raises one writes it in its own transaction, a job delivers it.

create table alert_webhook (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  url text not null,
  -- Empty: every type.
  event_types text[] not null,
  secret_sealed text not null,
  -- Signs as well until `previous_until`, so that receivers can change over.
  previous_sealed text,
  previous_until timestamptz,
  created_at timestamptz not null default app_now(),
  created_by text not null,
  -- Why it is not delivered to any more.
  disabled_why text,
  constraint a_former_secret_ends check ((previous_sealed is null) = (previous_until is null))
);
create index alert_webhook_org_id on alert_webhook (org_id, id);
call tenant_table('alert_webhook');

create table alert_delivery (
  id uuid primary key,
  org_id uuid not null,
  webhook_id uuid not null references alert_webhook (id) on delete cascade,
  -- The same for every webhook and every repetition: receivers know a repeated message by it.
  message_id text not null,
  event_type text not null,
  body text not null,
  state text not null default 'pending',
  attempts integer not null default 0,
  due_at timestamptz not null,
  created_at timestamptz not null default app_now(),
  ended_at timestamptz,
  last_status integer,
  last_error text,
  constraint a_delivery_has_a_known_state check (state in ('pending', 'delivered', 'failed'))
);
create index alert_delivery_due on alert_delivery (org_id, due_at) where state = 'pending';
create index alert_delivery_webhook on alert_delivery (webhook_id, created_at);
call tenant_table('alert_delivery');

-- Which organizations have something to send, so that an idle server asks one question and not one each.
create table outbox_due (
  org_id uuid not null,
  what text not null,
  due_at timestamptz not null,
  primary key (org_id, what),
  constraint it_is_known_what_is_sent check (what in ('alerts', 'audit'))
);
call dispatch_table('outbox_due');
