-- A run that waits for a person or a signal has given up its lease: it stands in a place of its own, takes
-- no worker's time and burns no attempt. A claim tells what has ended the wait.

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.proname = 'fleet_claim' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;

-- The place. What is waited for is content, and stands in `run_wait`.
create table waiting (
  run_id uuid primary key,
  -- Of the lease that was given up; names this wait for ever.
  epoch bigint not null,
  sq integer not null,
  prio smallint not null,
  -- Attempts made so far, without the one that waits.
  attempt smallint not null,
  since timestamptz not null,
  due_at timestamptz not null
);
create index waiting_due_at on waiting (due_at);
call dispatch_table('waiting');

-- The latest wait of a run, and what has ended it. Also what waits and signals of one run queue at.
create table run_wait (
  run_id uuid primary key,
  org_id uuid not null,
  -- 0: it has not waited yet.
  epoch bigint not null,
  kind text,
  name text,
  prompt text,
  -- {kind, name, value, by}; null while it waits.
  resume json,
  changed_at timestamptz not null,
  constraint a_wait_is_for_a_known_kind check (kind in ('approval', 'signal'))
) with (fillfactor = 70);
call tenant_table('run_wait');

-- Signals that came before their wait.
create table run_signal (
  run_id uuid not null,
  seq bigint generated always as identity,
  org_id uuid not null,
  name text not null,
  value json,
  sent_by text not null,
  at timestamptz not null,
  primary key (run_id, seq)
);
call tenant_table('run_signal');
