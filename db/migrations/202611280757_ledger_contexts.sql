-- Contexts: limits that calls bring along, one window for all that bring the same.
alter table budget drop constraint a_scope_is_known;
alter table budget add constraint a_scope_is_known
  check (scope_kind in ('organization', 'project', 'team', 'person', 'key', 'context'));

-- Of a call: those that it is made in, with a blank between them.
alter table reservation add column contexts text;
alter table spend add column contexts text;

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
           where p.proname in ('ledger_reserve', 'in_scope') and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop;
end $$;
