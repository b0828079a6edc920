-- Deployments that an administrator of the platform has added while servers run. What they are, their
-- credentials included, is sealed: the table says only that there are some.
create table stored_model (
  id text primary key,
  sealed text not null,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  constraint an_id_is_short check (char_length(id) between 1 and 100)
);
call dispatch_table('stored_model');

-- Counts changes, so that replicas need not read them to know that there are none.
create table stored_model_version (
  is_only boolean primary key default true,
  version bigint not null,
  constraint there_is_one check (is_only)
);
call dispatch_table('stored_model_version');
insert into stored_model_version (version) values (1);
