import { readConfig } from '@sagewai/config';
import type { OpenServer } from '@sagewai/server/open';

import type { StartOptions } from './start-edge.ts';

/** Loaded only when the gateway is in this process: an edge before others stays small. */
export async function openGateway(
  options: Pick<
    StartOptions,
    'config' | 'environment' | 'log' | 'version' | 'signal' | 'onFailure'
  >,
): Promise<OpenServer | 'stopped'> {
  const { config, log, version, signal, onFailure } = options;
  const { openServer, resolveSecrets, SERVER_FIELDS } = await import('@sagewai/server/open');
  const secrets = await resolveSecrets(options.environment, {
    settings: Object.keys(SERVER_FIELDS),
  });
  // The gateway is told how it is really reached: what it allows depends on it.
  const { sageEdgeTlsCertFile: cert, sageEdgeTlsKeyFile: key } = config;
  const flags = {
    host: config.sageEdgeHost,
    port: String(config.sageEdgePort),
    'log-level': config.sageEdgeLogLevel,
    ...(cert === null || key === null ? {} : { 'tls-cert': cert, 'tls-key': key }),
  };
  return openServer({
    config: readConfig(SERVER_FIELDS, { flags, environment: secrets.environment }),
    secrets,
    log,
    homeIsNamed: Boolean(options.environment['SAGEWAI_HOME']),
    version,
    signal,
    onOutdated: (migration) =>
      onFailure(new Error(`the schema is newer than this process: ${migration}`)),
  });
}
