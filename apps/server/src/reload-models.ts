import type { Gateway, GatewayConfig } from '@sagewai/gateway';
import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { Metrics } from '@sagewai/telemetry';

import type { ServerConfig } from './config.ts';
import { type Environment, readModels, readModelsFile, tellNotices } from './read-models.ts';
import type { ResolvedSecrets } from './secrets/resolve-secrets.ts';

/** Which deployments there are, now. */
export interface LiveModels {
  current: GatewayConfig;
  /** The file that it is from. */
  text: string | null;
}

export type NoteLoad = (outcome: 'applied' | 'refused') => void;

export function createModelsMeter(metrics: Metrics): NoteLoad {
  const loads = metrics.counter({
    name: 'sagewai_models_file_loads_total',
    help: 'Changed models files that were read again, and whether they could be used.',
    labels: ['outcome'],
  });
  return (outcome) => loads.add({ outcome });
}

/** None where the models are in no file. */
export function modelsFileJobs(
  config: ServerConfig,
  file: { readonly env: Environment; readonly refresh?: ResolvedSecrets['refresh'] } | undefined,
  of: Omit<Parameters<typeof modelsFileJob>[2], 'refresh'>,
): Job[] {
  if (file === undefined || config.sagewaiConfig === null) return [];
  return [modelsFileJob(config, file.env, { ...of, refresh: file.refresh })];
}

/** A changed models file is read again; one that cannot be used changes nothing, and says where. */
export function modelsFileJob(
  config: ServerConfig,
  env: Environment,
  of: {
    readonly models: LiveModels;
    readonly gateway: Pick<Gateway, 'apply'>;
    readonly log: Log;
    readonly note: NoteLoad;
    /** Credentials that stand elsewhere. */
    readonly refresh?: ResolvedSecrets['refresh'] | undefined;
  },
): Job {
  const { models, gateway, log, note, refresh } = of;
  return job({
    name: 'gateway.reloadModels',
    everyMs: config.modelsFileIntervalMs,
    runsOn: 'every-replica',
    converges: 'calls are routed as the models file says',
    ifItNeverRuns: 'a changed models file counts only after a restart',
    run: async () => {
      const text = await readModelsFile(config).catch((error: unknown) => String(error));
      const hasChanged = await refresh?.({
        lifetimeMs: config.secretsLifetimeMs,
        onStale: (variable, error) =>
          log.error('a secret cannot be read again; its last value stays', { variable, error }),
      });
      if (text === models.text && hasChanged !== true) return;
      models.text = text;
      try {
        const read = await readModels(config, env);
        gateway.apply(read.config);
        models.current = read.config;
        note('applied');
        log.info('the models file was read again', { deployments: read.config.deployments.length });
        tellNotices(read.notices, log);
      } catch (error) {
        note('refused');
        log.error('the changed models file cannot be used; the former one stays', { error });
      }
    },
  });
}
