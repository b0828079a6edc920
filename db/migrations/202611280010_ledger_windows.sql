-- breaking: a process of before calls functions of the ledger that no longer take what it gives them.
-- Limits of an hour, a week, a month and in total, and limits of teams and people.
alter table budget drop constraint a_period_is_known;
alter table budget add constraint a_period_is_known
  check (period in ('minute', 'hour', 'day', 'week', 'month', 'total'));
alter table budget drop constraint a_scope_is_known;
alter table budget add constraint a_scope_is_known
  check (scope_kind in ('organization', 'project', 'team', 'person', 'key'));

-- Of its key, when the call was admitted: a key that changes its team takes no spend along.
alter table reservation add column team_id text, add column person_id text;
alter table spend add column team_id text, add column person_id text;

-- These take the two as well.
do $$
declare
  f regprocedure;
begin
  for f in
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and p.proname in ('in_scope', 'ledger_reserve', 'ledger_book', 'ledger_book_own', 'ledger_book_late',
                        'ledger_yield')
  loop
    execute 'drop function ' || f;
  end loop;
end $$;
