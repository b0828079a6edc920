-- What an agent should spend, and what happens when it has spent more. `*` is its whole project.
create table soft_limit (
  org_id uuid not null,
  project_id uuid not null,
  agent text not null,
  daily_pusd numeric(38,0),
  monthly_pusd numeric(38,0),
  action text not null,
  fallback_chain text[] not null,
  month text not null,
  updated_at timestamptz not null default app_now(),
  primary key (project_id, agent),
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_soft_limit_is_not_negative check (daily_pusd >= 0 and monthly_pusd >= 0),
  constraint an_action_is_known check (action in ('warn', 'throttle', 'stop')),
  constraint a_month_is_known check (month in ('calendar', 'trailing_30_days'))
);
call tenant_table('soft_limit');

-- F2. Which projects have one, so that calls of all others pass without a look: ids alone, and every
-- replica reads them all.
create table soft_limited_project (
  project_id uuid primary key,
  org_id uuid not null
);
call dispatch_table('soft_limited_project');

-- F4. What people were told of, once a window, whichever replica saw it first.
create table budget_notice (
  org_id uuid not null references organization (id),
  subject text not null,
  opened_on date not null,
  mark text not null,
  told_at timestamptz not null default app_now(),
  primary key (org_id, subject, opened_on, mark)
);
call tenant_table('budget_notice');

-- What was spent past the gateway, and is declared afterwards.
alter table spend drop constraint a_usage_source_is_known;
alter table spend add constraint a_usage_source_is_known
  check (usage_source in ('provider', 'estimate', 'declared_by_worker', 'unknown', 'cache', 'declared'));
-- D1. Its ids are of version 8, those of calls through the gateway of version 7. (A worker's own call that has an
-- idempotency key has one of version 8 too, and says `declared_by_worker`.)
alter table spend add constraint what_is_declared_has_names_of_its_own
  check (usage_source <> 'declared' or substr(id::text, 15, 1) = '8');
