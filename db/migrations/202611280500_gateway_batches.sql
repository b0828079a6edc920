-- Files and batches that are at a provider. Nothing of what they say is here.
create table batch_file (
  org_id uuid not null references organization (id),
  id text not null,
  project_id uuid not null,
  -- The deployment whose credential it is kept under, and the provider's own id.
  deployment text not null,
  provider_id text not null,
  filename text not null,
  bytes bigint not null,
  purpose text not null,
  -- Of an input: its model and path, how many requests it has, and what they can take at most.
  manifest jsonb,
  created_at timestamptz not null default app_now(),
  deleted_at timestamptz,
  primary key (org_id, id),
  constraint a_file_is_known_once unique (org_id, deployment, provider_id),
  constraint a_file_has_a_purpose check (purpose in ('batch', 'batch_output'))
);
create index batch_file_project on batch_file (org_id, project_id, created_at desc, id desc);
call tenant_table('batch_file');
revoke delete on batch_file from sagewai_request;

create table batch (
  org_id uuid not null references organization (id),
  -- Its reservation and its spend have the same.
  id uuid not null,
  project_id uuid not null,
  deployment text not null,
  input_file_id text not null,
  provider_id text,
  state text not null,
  -- What the provider said last, with ids of ours.
  said jsonb,
  created_at timestamptz not null default app_now(),
  ended_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, input_file_id) references batch_file (org_id, id),
  -- `made`: the provider may not know it. `lost`: it was never told what it used.
  constraint a_state_is_known check (state in ('made', 'open', 'settled', 'lost')),
  constraint an_open_batch_is_known_to_its_provider check (state <> 'open' or provider_id is not null)
);
create index batch_project on batch (org_id, project_id, created_at desc, id desc);
call tenant_table('batch');
revoke delete on batch from sagewai_request;

-- Which batches are to be asked after, and when: whoever does that acts for all organizations.
create table batch_due (
  org_id uuid not null,
  batch_id uuid not null,
  due_at timestamptz not null,
  asked int not null default 0,
  primary key (org_id, batch_id)
);
create index batch_due_at on batch_due (due_at);
call dispatch_table('batch_due');
