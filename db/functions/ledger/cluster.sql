-- Which cluster's numbers of transactions these are.
create or replace function ledger_cluster() returns bigint
language sql stable
as $$ select system_identifier from pg_control_system() $$;
