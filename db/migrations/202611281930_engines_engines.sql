-- Engines: servers of models on the installation's own machines. They are of the whole platform, like deployments.
create table engine (
  id text primary key,
  model text not null,
  host text not null,
  port integer not null,
  kind text not null,
  state text not null default 'STARTING',
  -- The server whose process it is; null: it was registered.
  replica uuid,
  -- Of the allowed command lines; null: it was registered.
  backend text,
  options json not null,
  metadata json not null,
  memory_gb numeric,
  created_at timestamptz not null default app_now(),
  state_at timestamptz not null default app_now(),
  heartbeat_at timestamptz,
  -- When somebody has looked after it last, whatever came of it.
  seen_at timestamptz not null default app_now(),
  failures integer not null default 0,
  restarts integer not null default 0,
  problem text,
  constraint an_engine_is_in_a_known_state check (state in ('STARTING', 'READY', 'DRAINING', 'STOPPED', 'ERROR')),
  constraint an_engine_is_of_a_known_kind check (kind in ('llm', 'embedding')),
  constraint an_engine_that_is_started_is_of_a_server check ((replica is null) = (backend is null))
);
call dispatch_table('engine');
