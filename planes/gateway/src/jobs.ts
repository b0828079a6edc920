import type { SealingKeys } from '@sagewai/crypto';
import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import type { GatewayConfig } from './gateway-config.ts';
import type { Catalogue } from './models/catalogue.ts';
import type { Endpoint } from './models/deployment.ts';
import { traitsOf } from './providers/provider.ts';
import { rotateKeysJob } from './rotation/rotate-keys-job.ts';
import { checkEndpoints } from './routing/check-endpoints.ts';
import type { Switchboard } from './switchboard.ts';

type Config = Pick<
  GatewayConfig,
  'sources' | 'refreshMs' | 'healthCheckMs' | 'storedModelsMs' | 'keyRotation'
>;

/** What this configuration needs of them. */
export function gatewayJobs(of: {
  readonly db: Db;
  readonly log: Log;
  readonly config: Config;
  readonly sealing: SealingKeys;
  readonly catalogue: Pick<Catalogue, 'refresh' | 'all'>;
  readonly switchboard: Pick<Switchboard, 'noteHealth'>;
  readonly stored: { refresh(): Promise<void> };
  readonly ask: (endpoint: Endpoint) => Promise<number>;
}): Job[] {
  const { config, catalogue } = of;
  const { healthCheckMs: everyMs, keyRotation: settings } = config;
  return [
    storedModelsJob(of.stored, config.storedModelsMs),
    rotateKeysJob({ ...of, keys: of.sealing, settings }),
    ...(config.sources.length > 0 ? [refreshJob(catalogue, config.refreshMs)] : []),
    ...(everyMs === null ? [] : [healthJob({ ...of, everyMs })]),
  ];
}

const refreshJob = (catalogue: Pick<Catalogue, 'refresh'>, everyMs: number): Job =>
  job({
    name: 'gateway.refreshModels',
    everyMs,
    runsOn: 'every-replica',
    converges: 'the models that can be called are those that the providers list',
    ifItNeverRuns: 'a model that a provider gets later is unknown until the next start',
    run: () => catalogue.refresh(),
  });

/** Others could be asked for nothing that is free. */
const hasList = (provider: Endpoint['provider']): boolean =>
  provider !== 'simulated' && traitsOf(provider).modelList !== 'none';

/** Asks what can be chosen between: for a model with one deployment there is nothing to pass over. */
function healthJob(of: {
  readonly catalogue: Pick<Catalogue, 'all'>;
  readonly switchboard: Pick<Switchboard, 'noteHealth'>;
  readonly ask: (endpoint: Endpoint) => Promise<number>;
  readonly everyMs: number;
}): Job {
  return job({
    name: 'gateway.checkDeployments',
    everyMs: of.everyMs,
    runsOn: 'every-replica',
    converges: 'a deployment that would refuse calls is passed over before a call finds out',
    ifItNeverRuns: 'calls find out, and are tried elsewhere',
    run: async () => {
      const { groups } = await of.catalogue.all();
      const deployments = groups
        .filter((group) => group.deployments.length > 1)
        .flatMap((group) => group.deployments)
        .filter(({ endpoint: { provider } }) => hasList(provider));
      const endpoints = deployments.map(({ endpoint }) => endpoint);
      const health = await checkEndpoints(endpoints, of.ask);
      for (const deployment of deployments) {
        const found = health.get(deployment.endpoint);
        // Until it has been asked again, and once more for a job that is late.
        if (found !== undefined) of.switchboard.noteHealth(deployment, found, 2 * of.everyMs);
      }
    },
  });
}

/** Deployments that another replica was told of. */
function storedModelsJob(stored: { refresh(): Promise<void> }, everyMs: number): Job {
  return job({
    name: 'gateway.refreshStoredModels',
    everyMs,
    runsOn: 'every-replica',
    converges: 'every replica calls the deployments that were added with /model/new',
    ifItNeverRuns: 'a deployment is known to the replica alone that was told of it',
    run: () => stored.refresh(),
  });
}
