-- Limits under a name, and who has them; end users and tags that somebody described.
create table named_budget (
  org_id uuid not null references organization (id),
  id text not null,
  -- What is limited, by the ledger's names, as decimal texts.
  limits jsonb not null,
  created_by text not null,
  created_at timestamptz not null default app_now(),
  updated_by text,
  updated_at timestamptz,
  primary key (org_id, id)
);
call tenant_table('named_budget');

-- Whoever has one has its limits, each by itself. Their own limits are not read meanwhile.
create table budget_holder (
  org_id uuid not null references organization (id),
  scope_kind text not null,
  scope_id text not null,
  budget_id text not null,
  primary key (org_id, scope_kind, scope_id),
  foreign key (org_id, budget_id) references named_budget (org_id, id),
  constraint a_holder_is_of_a_known_kind
    check (scope_kind in ('key', 'team', 'person', 'end_user', 'tag'))
);
create index holders_of_a_budget on budget_holder (org_id, budget_id);
call tenant_table('budget_holder');

-- What calls name, and the organization limits: beside the limits themselves (facet_limit).
create table described_part (
  org_id uuid not null references organization (id),
  facet text not null,
  name text not null,
  -- What people call an end user; what a tag is for.
  label text,
  metadata jsonb not null default '{}',
  blocked_at timestamptz,
  -- Of one that is blocked, which is a limit of no requests: the limit in whose place that is.
  requests_before numeric(38,0),
  created_by text not null,
  created_at timestamptz not null default app_now(),
  updated_at timestamptz not null default app_now(),
  primary key (org_id, facet, name),
  constraint a_part_that_is_described_is_of_a_known_facet check (facet in ('end_user', 'tag'))
);
call tenant_table('described_part');
