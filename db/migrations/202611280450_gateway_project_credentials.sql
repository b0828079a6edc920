-- A credential of a project's own towards one provider: with it, the project's calls use no other. What it
-- is, is sealed; every replica reads them all, so the table is of the dispatch list. Each change counts in
-- stored_model_version, which replicas look at anyway.
create table project_credential (
  project_id uuid primary key,
  org_id uuid not null,
  -- Where it is good, and nowhere else.
  base_url text not null,
  hint text not null,
  -- Made by us at a LiteLLM proxy, so that we rotate and delete it there.
  is_made boolean not null,
  sealed text not null,
  -- The one that it replaced, and is still to be deleted at its proxy: other replicas may still use it.
  former_base_url text,
  former_sealed text,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  replaced_at timestamptz,
  foreign key (org_id, project_id) references project (org_id, id)
);
call dispatch_table('project_credential');
