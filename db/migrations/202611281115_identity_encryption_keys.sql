-- Which of the operator's encryption keys sealed rows stand under, who holds them, and keys that outlive them.
-- Of a key, its fingerprint stands here.
create table encryption_key (
  fingerprint text primary key,
  first_used_at timestamptz not null default app_now(),
  -- Null: new rows are sealed with it.
  replaced_at timestamptz,
  -- Rows under it when it was last counted, and those among them that do not open.
  remaining bigint,
  broken bigint not null default 0,
  counted_at timestamptz,
  -- Since when counts have found nothing, and no server sealed with it: what was under way may still commit.
  quiet_since timestamptz,
  -- It was counted again later, and still nothing stands under it.
  emptied_at timestamptz,
  constraint only_a_replaced_key_is_emptied check (emptied_at is null or replaced_at is not null)
);
create unique index one_key_seals on encryption_key ((true)) where replaced_at is null;
call dispatch_table('encryption_key');
revoke insert, update, delete on encryption_key from sagewai_request;
insert into encryption_key (fingerprint, first_used_at)
select fingerprint, created_at from key_fingerprint where purpose = 'SAGEWAI_ENCRYPTION_KEY';

-- Processes that serve, and the keys that each was given.
create table key_holder (
  replica uuid primary key,
  host text not null,
  sealing text not null,
  opening text[] not null,
  started_at timestamptz not null default app_now(),
  seen_at timestamptz not null default app_now()
);
call dispatch_table('key_holder');
revoke insert, update, delete on key_holder from sagewai_request;

-- Keys whose work stands in rows that nobody goes over again; sealed.
create table lasting_key (
  purpose text primary key,
  sealed text not null,
  created_at timestamptz not null default app_now()
);
call dispatch_table('lasting_key');
revoke insert, update, delete on lasting_key from sagewai_request;

-- The fingerprint that a restore compares follows the key that seals.
grant update (fingerprint) on key_fingerprint to sagewai_dispatch;
