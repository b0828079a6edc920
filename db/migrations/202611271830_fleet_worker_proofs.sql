-- Proofs that workers registered with: each is good once. They are kept as long as one could be shown.

create table used_worker_proof (
  org_id uuid not null references organization (id),
  proof_id uuid not null,
  used_at timestamptz not null default app_now(),
  primary key (org_id, proof_id)
);
call tenant_table('used_worker_proof');
revoke update on used_worker_proof from sagewai_request;

alter table worker
  drop constraint a_proof_registers_once,
  drop column registration_proof;
