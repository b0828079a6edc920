/** Engines: servers of models on the installation's own machines, as deployments of the gateway. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull, oneOf, orNull, textOrNull } from './schemas.ts';

export const ENGINE_STATES = ['STARTING', 'READY', 'DRAINING', 'STOPPED', 'ERROR'] as const;
export const ENGINE_KINDS = ['llm', 'embedding'] as const;

const engineId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$' });
/** Never begins with a dash: it becomes a word of a command line. */
const modelId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,299}$' });
const host = Type.String({ minLength: 1, maxLength: 253, pattern: '^[A-Za-z0-9.:_-]+$' });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const metadata = Type.Record(Type.String({ maxLength: 100 }), Type.Unknown());
const count = Type.Integer({ minimum: 0 });

const engine = {
  engine_id: Type.String(),
  model_id: Type.String(),
  host: Type.String(),
  port: Type.Integer(),
  state: oneOf(ENGINE_STATES),
  engine_kind: oneOf(ENGINE_KINDS),
  created_at: instant,
  /** When it has answered last. */
  last_heartbeat: instantOrNull,
  consecutive_failures: count,
  active_requests: count,
  metadata,
  /** Whether a server of ours has started its process, or somebody else. */
  origin: oneOf(['started', 'registered']),
  /** The command line that it was started by. */
  backend: textOrNull,
  restarts: count,
  /** Why it is in ERROR. */
  problem: textOrNull,
};
const engineInfo = Type.Object(engine);

const gpu = Type.Object({
  index: count,
  name: Type.String(),
  memory_total_mb: Type.Number(),
  memory_used_mb: Type.Number(),
  utilization_percent: Type.Number(),
});
const backend = Type.Object({
  instance_id: Type.String(),
  host: Type.String(),
  port: Type.Integer(),
  model_name: Type.String(),
  base_url: Type.String(),
  is_healthy: Type.Boolean(),
  is_available: Type.Boolean(),
  active_requests: count,
  max_concurrent_requests: count,
  metadata,
});

const administer = { surface: 'sage', permission: 'model:administer' } as const;

export const describeEngines = endpoint({
  ...administer,
  id: 'engines.describe',
  method: 'GET',
  path: '/v1/management',
  summary: 'Say what the control plane of engines offers',
  audit: 'read',
  output: Type.Object({
    service: Type.String(),
    status: Type.String(),
    endpoints: Type.Array(Type.String()),
  }),
});

export const startEngine = endpoint({
  ...administer,
  id: 'engines.startEngine',
  method: 'POST',
  path: '/v1/management/engines',
  summary: 'Start an engine on the machine of a server, by a command line that its operator allows',
  audit: 'record',
  body: Type.Object({
    model_id: modelId,
    /** The name of a command line; the first that is allowed unless said. */
    backend: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    engine_label: Type.Optional(orNull(engineId)),
    engine_kind: Type.Optional(oneOf(ENGINE_KINDS)),
    /** A free one unless said. */
    port: Type.Optional(orNull(port)),
    tensor_parallel_size: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
    pipeline_parallel_size: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
    max_concurrent_requests: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    required_memory_gb: Type.Optional(orNull(Type.Number({ minimum: 0, maximum: 10_000 }))),
    use_gpu: Type.Optional(orNull(Type.Boolean())),
    metadata: Type.Optional(metadata),
    /** What a run of `finetune` has made: its files are put where the command line has `{files}`. */
    fine_tune: Type.Optional(
      Type.Object({
        /** By name or id. */
        organization: Type.String({ minLength: 1, maxLength: 200 }),
        run_id: id,
      }),
    ),
  }),
  output: Type.Object({ engine: engineInfo, ...engine, id: Type.String(), status: Type.String() }),
});

export const registerEngine = endpoint({
  ...administer,
  id: 'engines.registerEngine',
  method: 'POST',
  path: '/v1/management/engines/register',
  summary: 'Register an engine that runs already, at a host that may be called',
  audit: 'record',
  body: Type.Object({
    engine_id: engineId,
    model_id: modelId,
    host,
    port,
    engine_kind: Type.Optional(oneOf(ENGINE_KINDS)),
    metadata: Type.Optional(metadata),
  }),
  output: engineInfo,
});

export const listEngines = endpoint({
  ...administer,
  id: 'engines.listEngines',
  method: 'GET',
  path: '/v1/management/engines',
  summary: 'List the engines',
  audit: 'read',
  output: Type.Object({ engines: Type.Array(engineInfo), count }),
});

export const stopEngine = endpoint({
  ...administer,
  id: 'engines.stopEngine',
  method: 'DELETE',
  path: '/v1/management/engines/{engine_id}',
  summary: 'Stop an engine; with drain, when what it is asked has had time to end',
  audit: 'record',
  params: Type.Object({ engine_id: Type.String({ maxLength: 100 }) }),
  query: Type.Object({ drain: Type.Optional(Type.Boolean()) }),
  output: Type.Object({
    engine_id: Type.String(),
    stopped: Type.Boolean(),
    status: oneOf(ENGINE_STATES),
    drained: Type.Optional(Type.Boolean()),
  }),
});

export const pruneEngines = endpoint({
  ...administer,
  id: 'engines.pruneEngines',
  method: 'POST',
  path: '/v1/management/engines/prune',
  summary: 'Forget the engines that have stopped or failed',
  audit: 'record',
  output: Type.Object({ pruned_count: count, status: Type.Literal('success') }),
});

export const readEngineStatus = endpoint({
  ...administer,
  id: 'engines.readStatus',
  method: 'GET',
  path: '/v1/management/status',
  summary: 'Say how the control plane of engines does',
  audit: 'read',
  output: Type.Object({
    control_plane: Type.Object({
      running: Type.Boolean(),
      registered_instances: count,
      available_instances: count,
    }),
    gpu: Type.Array(gpu),
    engines: Type.Array(engineInfo),
    managed_instances: Type.Array(Type.String()),
    /** GPU memory that engines were started with, in GB. */
    resource_reservations: Type.Record(Type.String(), Type.Number()),
  }),
});

export const listBackends = endpoint({
  ...administer,
  id: 'engines.listBackends',
  method: 'GET',
  path: '/v1/management/backends',
  summary: 'List the engines as the gateway calls them',
  audit: 'read',
  output: Type.Object({
    llm_backends: Type.Array(backend),
    embedding_backends: Type.Array(backend),
    total_llm_backends: count,
    total_embedding_backends: count,
    healthy_llm_backends: count,
    healthy_embedding_backends: count,
    timestamp: instant,
  }),
});

export const readGpus = endpoint({
  ...administer,
  id: 'engines.readGpus',
  method: 'GET',
  path: '/v1/management/gpu',
  summary: 'Say which GPUs the server that is asked has',
  audit: 'read',
  output: Type.Object({ gpus: Type.Array(gpu), count }),
});

export const ENGINE_ENDPOINTS = [
  describeEngines,
  startEngine,
  registerEngine,
  pruneEngines,
  listEngines,
  stopEngine,
  readEngineStatus,
  listBackends,
  readGpus,
] as const;
