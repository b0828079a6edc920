-- Requirements beyond pool, model and equal labels, and what a project requires of all its runs.

-- Null: nothing. A class with something has it in its hash as well.
alter table match_class add column routing jsonb;

create table project_routing (
  project_id uuid primary key,
  org_id uuid not null,
  -- Every run of the project requires them.
  labels jsonb not null,
  -- For runs that say nothing. Null: as without.
  pool text,
  model text,
  foreign key (org_id, project_id) references project (org_id, id)
);
call tenant_table('project_routing');

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.proname = 'fleet_intern' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
