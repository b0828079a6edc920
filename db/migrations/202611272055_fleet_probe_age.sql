-- What counts workers is told how old a probe may be, apart from how long a worker may be silent.
do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
           where p.proname = 'fleet_count_pending' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
