-- Whose requests for `auto` get which models, beside the tiers of their project.
create table harness_policy (
  org_id uuid not null references organization (id),
  id uuid not null,
  name text not null,
  -- Each narrows whose requests it is for; all null: everybody's.
  project_id uuid,
  team_id text,
  person_id text,
  priority int not null default 0,
  -- What it says: models, the hardest tier, and whether a request may choose for itself.
  rule jsonb not null,
  is_enabled boolean not null default true,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  primary key (org_id, id),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade
);
create unique index a_policy_has_a_name_of_its_own on harness_policy (org_id, lower(name));
call tenant_table('harness_policy');
