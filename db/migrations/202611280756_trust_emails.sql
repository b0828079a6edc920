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
alter table outbox_due add constraint it_is_known_what_is_sent check (what in ('alerts', 'audit', 'events', 'emails'));

-- Who is told when spend reaches a part of a limit.
create table alert_rule (
  id uuid primary key,
  org_id uuid not null references organization (id),
  name text not null,
  -- Null: of the organization.
  project_id uuid,
  -- Null: of the whole project.
  agent text,
  period text not null,
  -- Null: the soft limit that there is, else the hard one.
  limit_pusd numeric(38,0),
  -- Percent.
  thresholds integer[] not null,
  -- Also told when the pace leads beyond the limit.
  on_forecast boolean not null,
  receivers text[] not null,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_rule_has_a_name_of_its_own unique (org_id, name),
  constraint a_period_is_known check (period in ('day', 'month')),
  constraint a_limit_is_more_than_nothing check (limit_pusd > 0),
  constraint a_rule_has_thresholds check (cardinality(thresholds) between 1 and 20),
  constraint an_agent_is_of_a_project check (agent is null or project_id is not null)
);
call tenant_table('alert_rule');
-- For the job, which sees no tenant's rows: who has rules.
create policy whose on alert_rule for select to sagewai_dispatch using (true);
grant select (org_id) on alert_rule to sagewai_dispatch;
