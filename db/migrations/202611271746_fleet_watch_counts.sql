-- What the autoscaler reads is told for each organization, with what the numbers are made of; and a
-- worker that is asked to go claims nothing more.

drop table pending_count;
-- A row stays when its count is 0.
create table pending_count (
  org_id uuid not null,
  pool text not null,
  model text not null,
  -- Waiting, without what a quota holds back: more workers would help these.
  pending bigint not null,
  -- Waiting, and more workers would not help.
  blocked_by_quota bigint not null default 0,
  -- Of `pending`: no worker that was heard lately can serve them.
  unmatchable bigint not null default 0,
  -- When the run was submitted that waits longest.
  oldest_at timestamptz,
  counted_at timestamptz not null,
  primary key (org_id, pool, model)
) with (fillfactor = 50);
call dispatch_table('pending_count');
insert into pending_count (org_id, pool, model, pending, counted_at)
select distinct org_id, pool, model, 0, app_now() from match_class;

alter table worker_session add column if not exists draining_at timestamptz;

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.proname = 'fleet_count_pending' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
