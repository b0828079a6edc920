-- What is kept a day a partition by run id, and dropped together: a run, and all that is said of it.
create or replace function fleet_daily_tables() returns text[]
language sql immutable
as $$ select array['run', 'outcome', 'attempt', 'run_journal', 'run_step', 'workflow_run'] $$;
