-- Guardrails that are made while servers run; those of the models file stand there.
create table guardrail (
  org_id uuid not null references organization (id),
  id uuid not null,
  -- Null: of all projects.
  project_id uuid,
  name text not null,
  kind text not null,
  -- What it looks for, when, and what becomes of what it finds.
  spec jsonb not null,
  -- Of a webhook: what signs its messages, sealed.
  sealed_secret text,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  updated_by text,
  updated_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade,
  constraint a_guardrail_is_of_a_known_kind check (kind in ('pii', 'secrets', 'regex', 'webhook'))
);
create unique index a_guardrail_has_a_name_of_its_own on guardrail (org_id, lower(name));
call tenant_table('guardrail');

-- Counts the changes of those of an organization: what replicas look at, for all organizations at once.
create table guardrail_version (
  org_id uuid primary key,
  version bigint not null
);
call dispatch_table('guardrail_version');
