-- Chat sessions, and what was said in them.

create table chat_session (
  org_id uuid not null,
  project_id uuid not null,
  -- Ours, or as its callers name it.
  id text not null,
  title text not null,
  -- How it remembers.
  memory text not null,
  created_at timestamptz not null default app_now(),
  active_at timestamptz not null default app_now(),
  dialogs integer not null default 0,
  -- Numbers are not given again when what was said is forgotten.
  last_seq bigint not null default 0,
  primary key (org_id, project_id, id),
  foreign key (org_id, project_id) references project (org_id, id) on delete cascade,
  constraint a_chat_remembers_in_a_known_way check (memory in ('short_term', 'vdb', 'kv', 'graph'))
);
create index chat_session_active on chat_session (org_id, project_id, active_at desc);
create index chat_session_old on chat_session (org_id, active_at);
call tenant_table('chat_session');

-- What was asked once and what was answered, sealed together.
create table chat_dialog (
  org_id uuid not null,
  id uuid not null,
  project_id uuid not null,
  session_id text not null,
  seq bigint not null,
  at timestamptz not null default app_now(),
  sealed text not null,
  primary key (org_id, id),
  foreign key (org_id, project_id, session_id) references chat_session on delete cascade,
  constraint dialogs_of_a_chat_have_an_order unique (org_id, project_id, session_id, seq)
);
call tenant_table('chat_dialog');
