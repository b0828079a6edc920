import type { listBackends, listEngines, OutputOf } from '@sagewai/wire';

import { CONCURRENT_DEFAULT, type Engine, isOver, originOf } from './engine.ts';

type WireEngine = OutputOf<typeof listEngines>['engines'][number];

export const toWire = (engine: Engine): WireEngine => ({
  engine_id: engine.id,
  model_id: engine.model,
  host: engine.host,
  port: engine.port,
  state: engine.state,
  engine_kind: engine.kind,
  created_at: engine.createdAt.toISOString(),
  last_heartbeat: engine.heartbeatAt?.toISOString() ?? null,
  consecutive_failures: engine.failures,
  // Who counts them is the gateway, by deployment and server.
  active_requests: 0,
  metadata: engine.metadata,
  origin: engine.replica === null ? 'registered' : 'started',
  backend: engine.backend,
  restarts: engine.restarts,
  problem: engine.problem,
});

export function toBackends(
  engines: readonly Engine[],
): Omit<OutputOf<typeof listBackends>, 'timestamp'> {
  const of = (kind: Engine['kind']) => engines.filter((one) => one.kind === kind).map(toBackend);
  const [llm, embedding] = [of('llm'), of('embedding')];
  const healthy = (backends: readonly { is_healthy: boolean }[]): number =>
    backends.filter(({ is_healthy: isHealthy }) => isHealthy).length;
  return {
    llm_backends: llm,
    embedding_backends: embedding,
    total_llm_backends: llm.length,
    total_embedding_backends: embedding.length,
    healthy_llm_backends: healthy(llm),
    healthy_embedding_backends: healthy(embedding),
  };
}

const toBackend = (engine: Engine) => ({
  instance_id: engine.id,
  host: engine.host,
  port: engine.port,
  model_name: engine.model,
  base_url: `${originOf(engine)}/v1`,
  is_healthy: engine.failures === 0 && engine.heartbeatAt !== null && !isOver(engine),
  is_available: engine.state === 'READY',
  active_requests: 0,
  max_concurrent_requests: engine.options.max_concurrent_requests ?? CONCURRENT_DEFAULT,
  metadata: engine.metadata,
});

/** GPU memory that engines were started with, while they may use it. */
export function reservedIn(engines: readonly Engine[]): {
  readonly by: ReadonlyMap<string, number>;
  readonly all: number;
} {
  const by = new Map(
    engines.flatMap((engine) =>
      isOver(engine) || engine.memoryGb === null ? [] : [[engine.id, engine.memoryGb] as const],
    ),
  );
  return { by, all: [...by.values()].reduce((sum, gb) => sum + gb, 0) };
}
