-- Of which projects it is kept what calls ask and are answered; none unless somebody said so. Ids and days alone, so that
-- replicas know it of all organizations at once. One that is switched off stays, for what is dropped by its days.
create table body_keeping (
  org_id uuid not null,
  project_id uuid primary key,
  -- Null: no more is kept.
  keep_days int,
  constraint bodies_are_kept_for_days check (keep_days between 1 and 400)
);
call dispatch_table('body_keeping');

-- What a call asked and was answered, sealed; beside its spend row, which holds nothing of it.
create table call_body (
  org_id uuid not null references organization (id),
  -- Its spend row and `x-litellm-call-id` have the same.
  call_id uuid not null,
  project_id uuid not null,
  at timestamptz not null default app_now(),
  drop_at timestamptz not null,
  sealed_request text not null,
  -- Null: it is no text, or there was none.
  sealed_answer text,
  request_bytes bigint not null,
  answer_bytes bigint not null,
  -- Longer ones are kept up to there.
  is_cut boolean not null,
  primary key (org_id, call_id)
);
create index call_body_drop on call_body (org_id, drop_at);
create index call_body_project on call_body (org_id, project_id);
call tenant_table('call_body');
