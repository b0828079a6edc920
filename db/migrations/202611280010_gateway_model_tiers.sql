-- Which model, and which pool of workers, requests of a project get that leave it to their complexity.
create table model_tier (
  org_id uuid not null,
  project_id uuid not null,
  tier text not null,
  model text not null,
  -- For runs that leave the pool open too. Null: as without.
  pool text,
  primary key (project_id, tier),
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_tier_is_known check (tier in ('simple', 'medium', 'complex'))
);
call tenant_table('model_tier');
