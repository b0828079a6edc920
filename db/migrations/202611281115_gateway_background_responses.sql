-- Responses that a provider makes while nobody waits, as long as they are not known to have ended. Nothing of what
-- they say is here.
create table background_response (
  org_id uuid not null references organization (id),
  -- Its reservation and its spend have the same.
  id uuid not null,
  project_id uuid not null,
  -- The deployment whose credential it is kept under, and the provider's own id.
  deployment text not null,
  provider_id text not null,
  -- What a settlement needs of the call: its model, how long its body was, what it can take at most.
  manifest jsonb not null,
  created_at timestamptz not null default app_now(),
  primary key (org_id, id)
);
call tenant_table('background_response');

-- Which of them are to be asked after, and when: whoever does that acts for all organizations.
create table background_due (
  org_id uuid not null,
  response_id uuid not null,
  due_at timestamptz not null,
  asked int not null default 0,
  primary key (org_id, response_id)
);
create index background_due_at on background_due (due_at);
call dispatch_table('background_due');
