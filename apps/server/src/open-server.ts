import { homedir } from 'node:os';

import { systemClock } from '@sagewai/clock';
import { expandHome } from '@sagewai/config';
import type { Log } from '@sagewai/log';

import { findCertificate } from './certificate.ts';
import type { ServerConfig } from './config.ts';
import { findTransportRisk } from './find-transport-risk.ts';
import { isLoopback } from './is-loopback.ts';
import { configuredStore } from './object-store.ts';
import { openDatabase, ownerUrlOf } from './open-database.ts';
import { ensureFirst, findKeys } from './prepare-first-start.ts';
import { type Environment, type Models, readModels, tellNotices } from './read-models.ts';
import type { ResolvedSecrets } from './secrets/resolve-secrets.ts';
import { buildServer, type Server } from './server.ts';
import { showTokens } from './show-tokens.ts';
import { waitForDatabase } from './wait-for-database.ts';

interface OpenOptions {
  readonly config: ServerConfig;
  readonly secrets: ResolvedSecrets;
  readonly log: Log;
  /** Whether the operator has said where its home is. */
  readonly homeIsNamed: boolean;
  readonly version: string;
  /** Ends the wait for a database that is not up yet. */
  readonly signal: AbortSignal;
  /** The schema has become one that this process cannot serve. */
  readonly onOutdated: (migration: string) => void;
}

export interface OpenServer {
  readonly server: Server;
  close(limitMs: number): Promise<void>;
}

/** A whole server on its database, that listens nowhere yet. Shows to a person, once, the tokens that it has made. */
export async function openServer(options: OpenOptions): Promise<OpenServer | 'stopped'> {
  const { config, secrets, log, version, onOutdated } = options;
  const models = await findModels(config, secrets.environment, log);
  const certificate = await findCertificate(config);
  const objects = configuredStore(config);
  const risk = findTransportRisk(config, certificate, systemClock.now());
  if (risk !== null) log.warn(risk.what, { mend: risk.mend });
  const waited = await waitForDatabase({
    url: ownerUrlOf(config),
    limitMs: config.databaseWaitMs,
    log,
    signal: options.signal,
  });
  if (waited === 'stopped') return 'stopped';
  const databases = await openDatabase(config, log);
  try {
    const place = {
      home: expandHome(config.sagewaiHome, homedir()),
      homeIsNamed: options.homeIsNamed,
      ownerUrl: ownerUrlOf(config),
    };
    const keys = await findKeys(config, place, { databases, log });
    await ensureFirst(config, databases, { keys, log, show: (made) => showTokens(made, config) });
    const server = await buildServer({
      config,
      gatewayConfig: models.config,
      databases,
      keys,
      certificate,
      objects,
      modelsFile: { text: models.text, env: secrets.environment, refresh: secrets.refresh },
      version,
      log,
      onOutdated,
    });
    return {
      server,
      close: async (limitMs) => {
        await server.stop(limitMs);
        await databases.close();
      },
    };
  } catch (error) {
    await databases.close();
    throw error;
  }
}

async function findModels(config: ServerConfig, env: Environment, log: Log): Promise<Models> {
  const models = await readModels(config, env);
  tellNotices(models.notices, log);
  const { masterKey } = models.config;
  if (masterKey === null || masterKey.weakness === null || isLoopback(config.host)) {
    return models;
  }
  log.warn('the master key is not used off loopback: it could be guessed', {
    why: masterKey.weakness,
    mend: 'Set LITELLM_MASTER_KEY, or general_settings.master_key, to sk- and 32 random bytes.',
  });
  return { ...models, config: { ...models.config, masterKey: null } };
}
