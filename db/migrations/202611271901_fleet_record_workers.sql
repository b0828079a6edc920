-- The entry of a batch names the worker of each of its records.
do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.proname = 'fleet_record' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
