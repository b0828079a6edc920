-- ledger_open_facets says what it has made: drops it, so that it can be made anew with another result.
do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
           where p.proname = 'ledger_open_facets' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop;
end $$;
