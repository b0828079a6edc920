-- What enrollment keys limit and how they rotate, workers' key pairs and generations, decisions that two
-- people make, and workers that are ended for good.

alter table enrollment_key
  -- `token`: its value is a signed token that is good for so many registrations.
  add column kind text not null default 'key',
  -- `k=v` or `k=*`. Empty: any.
  add column allowed_labels text[] not null default '{}',
  -- Empty: from anywhere.
  add column allowed_cidrs text[] not null default '{}',
  add column auto_approve boolean not null default true,
  -- What its workers may do.
  add column scopes text[] not null default '{claim,report,heartbeat}',
  add constraint a_key_has_a_known_kind check (kind in ('key', 'token')),
  add constraint scopes_are_known check (scopes <@ '{claim,report,heartbeat}'::text[]);

-- Values that a rotation has replaced and that are still taken for a while; `credential` finds them too.
create table replaced_enrollment_secret (
  hash bytea primary key,
  org_id uuid not null references organization (id),
  key_id uuid not null references enrollment_key (id),
  ends_at timestamptz not null,
  constraint a_hash_is_sha_256 check (octet_length(hash) = 32)
);
create index replaced_enrollment_secret_key_id on replaced_enrollment_secret (key_id);
call tenant_table('replaced_enrollment_secret');

alter table worker
  -- Its Ed25519 public key (the `x` of a JWK) and the name of it (RFC 7638); null: it has none.
  add column public_key text,
  add column key_thumbprint text,
  -- Names the proof that it registered with, so that the proof is good once.
  add column registration_proof uuid,
  -- The enrollment key or token that vouched for it.
  add column enrolled_by uuid,
  add column scopes text[] not null default '{claim,report,heartbeat}',
  -- Where two people approve: the first of them.
  add column first_approved_by text,
  add column first_approved_at timestamptz,
  drop constraint a_worker_has_a_known_state,
  add constraint a_worker_has_a_known_state check (
    state in ('pending', 'approved', 'rejected', 'revoked', 'locked', 'evicted', 'banned')),
  add constraint a_first_approval_has_a_maker
    check ((first_approved_at is null) = (first_approved_by is null)),
  add constraint a_public_key_has_a_name check ((public_key is null) = (key_thumbprint is null)),
  add constraint scopes_are_known check (scopes <@ '{claim,report,heartbeat}'::text[]),
  add constraint a_proof_registers_once unique (org_id, registration_proof);
create index worker_key_thumbprint on worker (org_id, key_thumbprint) where key_thumbprint is not null;

-- Key pairs of workers that were banned: no worker registers with one again.
create table banned_worker_key (
  org_id uuid not null references organization (id),
  thumbprint text not null,
  worker_id uuid not null references worker (id),
  banned_at timestamptz not null default app_now(),
  banned_by text not null,
  primary key (org_id, thumbprint)
);
call tenant_table('banned_worker_key');

-- How often the worker's token has been renewed, and what asked for the last renewal: the same again is
-- a lost answer, another one is a second holder of the token.
alter table worker_session
  add column generation bigint not null default 0,
  add column renewal_id uuid;

alter table fleet_setting
  add column enforcement text not null default 'off',
  add column dual_approval boolean not null default false,
  -- Null: as the server is configured.
  add column registrations_per_second double precision,
  add constraint enforcement_has_a_known_mode check (enforcement in ('off', 'warn', 'strict')),
  add constraint a_rate_lets_something_through check (registrations_per_second > 0);

-- A decision may be made in several states.
do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
           where p.proname = 'fleet_decide_worker' and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop;
end $$;
