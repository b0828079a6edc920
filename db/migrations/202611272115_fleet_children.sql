-- Runs that were submitted under another run.

-- One row a child, and none for a run without a parent.
create table run_child (
  run_id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  parent_run_id uuid not null,
  -- The first of the tree, which has no parent.
  root_run_id uuid not null,
  -- 1 under the root.
  depth smallint not null,
  -- What becomes of it when its parent ends before it.
  on_parent_end text not null,
  constraint an_end_of_a_parent_is_followed_in_a_known_way check (on_parent_end in ('continue', 'cancel'))
);
create index run_child_parent on run_child (parent_run_id, run_id);
create index run_child_root on run_child (root_run_id, run_id);
call tenant_table('run_child');
revoke update on run_child from sagewai_request;

-- How many children a tree has had; submissions into one tree take turns here.
create table run_tree (
  root_run_id uuid primary key,
  org_id uuid not null,
  children integer not null
) with (fillfactor = 70);
call tenant_table('run_tree');

-- Runs of which some child is to be cancelled when they end; gone when that is done.
create table bound_parent (
  run_id uuid primary key,
  sq integer not null
);
call dispatch_table('bound_parent');

-- A run may wait for its children.
alter table run_wait drop constraint a_wait_is_for_a_known_kind;
alter table run_wait add constraint a_wait_is_for_a_known_kind
  check (kind in ('approval', 'signal', 'children'));
alter table waiting add column for_children boolean not null default false;
create index waiting_for_children on waiting (run_id) where for_children;

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.proname = 'fleet_cancel' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
