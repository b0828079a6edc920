-- A token can stand for an account or a service account, and then does no more than that may do now; and
-- it can be good for one request.
alter table access_token
  add column account_id uuid,
  add column service_account_id uuid,
  add column single_use boolean not null default false,
  -- Of a token for one request: when that was.
  add column used_at timestamptz,
  add foreign key (org_id, account_id) references account (org_id, id),
  add foreign key (org_id, service_account_id) references service_account (org_id, id),
  add constraint a_token_stands_for_one check (account_id is null or service_account_id is null),
  add constraint only_a_single_use_is_used_up check (used_at is null or single_use);
create index access_token_account on access_token (org_id, account_id) where account_id is not null;
create index access_token_service_account on access_token (org_id, service_account_id)
  where service_account_id is not null;
