-- Artifacts: bytes of a project in parts, as what a model is trained on and what came of it.

create table artifact (
  org_id uuid not null,
  id uuid not null,
  project_id uuid not null,
  -- The run that has made it; null: somebody has sent it.
  run_id uuid,
  -- A path without a way out.
  name text not null,
  bytes bigint not null,
  -- Of the whole, as its sender has said; compared before it is completed.
  sha256 text not null,
  -- The key of its parts, sealed under the server's.
  sealed_key text not null,
  created_at timestamptz not null default app_now(),
  created_by text not null,
  -- Null: parts of it are still to come.
  completed_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade
);
create index artifact_of_project on artifact (org_id, project_id, created_at desc, id);
create unique index artifact_of_run on artifact (org_id, run_id, name) where run_id is not null;
call tenant_table('artifact');

create table artifact_part (
  org_id uuid not null,
  project_id uuid not null,
  artifact_id uuid not null,
  part integer not null,
  -- Where it stands in the object store: `<organization>/<artifact>/artifact/<object>`.
  object_id uuid not null,
  primary key (org_id, artifact_id, part),
  foreign key (org_id, artifact_id) references artifact on delete cascade
);
call tenant_table('artifact_part');
