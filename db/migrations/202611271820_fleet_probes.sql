-- What workers found when they asked their back ends. A worker that cannot serve a model is not offered it.
create table worker_probe (
  worker_id uuid primary key references worker (id),
  org_id uuid not null,
  probed_at timestamptz not null,
  -- Canonical names of what it cannot serve.
  sick text[] not null,
  -- As reported: model, reachable, latency_ms, error.
  results jsonb not null
) with (fillfactor = 60);
call tenant_table('worker_probe');
