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
