import { homedir } from 'node:os';
import { join } from 'node:path';

import type { Clock } from '@sagewai/clock';
import { expandHome } from '@sagewai/config';
import { createPublicEgress } from '@sagewai/egress';
import {
  createEngines,
  type Engine,
  type Engines,
  type EnginesOptions,
  originOf,
} from '@sagewai/engines';
import { type Gateway, type GatewayConfig, readGatewayConfig } from '@sagewai/gateway';
import { findOrganizationId } from '@sagewai/identity';
import { filesOfRun } from '@sagewai/intelligence';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';

import type { ServerConfig } from './config.ts';
import { keysFor } from './encryption/purposes.ts';
import type { Environment } from './read-models.ts';
import type { ServerKeys } from './server-keys.ts';

const PROBE_TIMEOUT_MS = 5_000;
const SERVE_MS_MAX = 2_000;
const OUTPUT_TOKENS_DEFAULT = 8_192;
/** No model writes more; what a models file could not say would keep all engines from being served. */
const OUTPUT_TOKENS_MAX = 10_000_000;

export interface ServerEngines extends Engines {
  /** As the gateway's own: the engines that are ready stay beside what is configured. */
  apply(config: GatewayConfig): void;
}

export function createServerEngines(of: {
  readonly config: ServerConfig;
  readonly gatewayConfig: GatewayConfig;
  readonly modelsFile?: { readonly env: Environment } | undefined;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly gateway: Pick<Gateway, 'apply'>;
  readonly nudge: (job: string) => void;
  readonly objects: ObjectStore;
  readonly keys: Pick<ServerKeys, 'sealing'>;
}): ServerEngines {
  const { config, gateway } = of;
  const egress = createPublicEgress({
    // Where its own engines are, the operator has said as well.
    privateHosts: [...config.enginePrivateHosts, config.engineHost],
    timeoutMs: PROBE_TIMEOUT_MS,
  });
  let configured = of.gatewayConfig;
  let ready: GatewayConfig['deployments'] = [];
  const push = (): void => {
    // What is configured stays what it is, whatever an engine is called.
    const ids = new Set(configured.deployments.map(({ id }) => id));
    const beside = ready.filter(({ id }) => !ids.has(id));
    gateway.apply({ ...configured, deployments: [...configured.deployments, ...beside] });
  };
  const engines = createEngines({
    ...of,
    egress,
    environment: of.modelsFile?.env ?? {},
    filesOf: filesOfRuns(of),
    serve: (those) => {
      ready = deploymentsOf(those, of);
      push();
    },
    settings: {
      commands: config.engineCommands,
      host: config.engineHost,
      filesFolder: join(expandHome(config.sagewaiHome, homedir()), 'engines'),
      lookEveryMs: config.engineHealthIntervalMs,
      serveEveryMs: Math.min(config.engineHealthIntervalMs, SERVE_MS_MAX),
      startMs: config.engineStartTimeoutMs,
      drainMs: config.engineDrainTimeoutMs,
    },
  });
  return {
    ...engines,
    apply: (other) => {
      configured = other;
      push();
    },
    close: async () => {
      await engines.close();
      await egress.close();
    },
  };
}

/** What runs of any organization have made: whoever administers the platform says whose is served. */
const filesOfRuns =
  ({
    db,
    objects,
    keys,
  }: Parameters<typeof createServerEngines>[0]): NonNullable<EnginesOptions['filesOf']> =>
  async ({ organization, runId }) => {
    const orgId = await findOrganizationId(db, organization);
    const store = { db, objects, keys: keysFor(keys.sealing, 'intelligence') };
    return orgId === null ? [] : filesOfRun(store, { orgId, runId });
  };

/** Read as a models file is: JSON is YAML. */
function deploymentsOf(
  engines: readonly Engine[],
  { config, clock }: { readonly config: ServerConfig; readonly clock: Clock },
): GatewayConfig['deployments'] {
  const text = JSON.stringify({ model_list: engines.map(toEntry) });
  const read = readGatewayConfig(config, { text, env: {} }, clock.now());
  if (read.kind === 'refused') throw new Error(`engines: ${read.mistakes.join('; ')}`);
  return read.config.deployments;
}

const toEntry = (engine: Engine): object => ({
  model_name: engine.model,
  litellm_params: { model: `openai/${engine.model}`, api_base: `${originOf(engine)}/v1` },
  model_info: {
    id: engine.id,
    mode: engine.kind === 'embedding' ? 'embedding' : 'chat',
    input_cost_per_token: 0,
    output_cost_per_token: 0,
    max_output_tokens: outputOf(engine.metadata),
  },
});

const outputOf = ({ max_output_tokens: most }: Engine['metadata']): number =>
  typeof most === 'number' && Number.isInteger(most) && most > 0 && most <= OUTPUT_TOKENS_MAX
    ? most
    : OUTPUT_TOKENS_DEFAULT;
