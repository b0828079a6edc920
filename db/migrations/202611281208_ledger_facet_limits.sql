-- breaking: a process of before calls ledger_reserve without what calls are told apart by.
-- Limits of a part of a scope: of one model, session, agent, tag or end user in it, or of each of them.
create table facet_limit (
  id bigint generated always as identity primary key,
  org_id uuid not null references organization (id),
  scope_kind text not null,
  scope_id text not null,
  facet text not null,
  -- Null: of each that has none of its own.
  name text,
  -- As somebody wrote it: names of models are compared in one spelling.
  label text,
  -- Parallel, an element a limit.
  measures text[] not null,
  periods text[] not null,
  amounts numeric(38,0)[] not null,
  made_at timestamptz not null default app_now(),
  constraint a_part_has_one_rule unique nulls not distinct (org_id, scope_kind, scope_id, facet, name),
  constraint a_facet_is_known check (facet in ('model', 'session', 'agent', 'tag', 'end_user')),
  constraint a_rule_limits_something check (
    cardinality(measures) > 0 and cardinality(measures) = cardinality(periods)
    and cardinality(periods) = cardinality(amounts))
);
call tenant_table('facet_limit');

alter table budget drop constraint a_scope_is_known;
alter table budget add constraint a_scope_is_known
  check (scope_kind in ('organization', 'project', 'team', 'person', 'key', 'context',
                        'model', 'session', 'agent', 'tag', 'end_user'));
-- What is looked at to see whether the balance of a part is right: few calls are under such limits.
create index spend_of_parts on spend (org_id, at) where contexts is not null;

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
           where p.proname = 'ledger_reserve' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop;
end $$;
