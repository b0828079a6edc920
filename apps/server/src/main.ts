import { homedir } from 'node:os';
import { parseArgs } from 'node:util';

import { systemClock } from '@sagewai/clock';
import {
  ConfigError,
  expandHome,
  explain,
  explanationText,
  findMisspellings,
  readConfig,
} from '@sagewai/config';
import { createLog, type Log } from '@sagewai/log';

import manifest from '../package.json' with { type: 'json' };
import { findCertificate } from './certificate.ts';
import { SERVER_FIELDS, type ServerConfig } from './config.ts';
import { findTransportRisk } from './find-transport-risk.ts';
import { isLoopback } from './is-loopback.ts';
import { configuredStore } from './object-store.ts';
import { openDatabase, ownerUrlOf } from './open-database.ts';
import { ensureFirst, findKeys, type FirstTokens } from './prepare-first-start.ts';
import { type Environment, type Models, readModels, tellNotices } from './read-models.ts';
import { type ResolvedSecrets, resolveSecrets } from './secrets/resolve-secrets.ts';
import { buildServer, type Server } from './server.ts';
import { showModels } from './show-models.ts';
import { stopSignal } from './stop-signal.ts';
import { waitForDatabase } from './wait-for-database.ts';

const HELP = `Usage: sagewai server [options]

Serves the whole product on an existing PostgreSQL (DATABASE_URL). \`sagewai up\` brings one.

  --host ADDRESS      where to listen (HOST; 127.0.0.1)
  --port N            the port (PORT; 8000)
  --config FILE       a litellm-config.yaml with models, prices and providers (SAGEWAI_CONFIG)
  --home DIR          where secrets made at first start are kept (SAGEWAI_HOME; ~/.sagewai)
  --tls-cert FILE     serve HTTPS with this certificate (TLS_CERT_FILE)
  --tls-key FILE      and this key (TLS_KEY_FILE)
  --mtls-port N       also listen for workers that show a certificate of their key (MTLS_PORT)
  --planes LIST       the planes this process serves (PLANES; all)
  --log-level LEVEL   debug, info, warn or error (LOG_LEVEL; info)

\`sagewai config explain server\` lists every setting.
`;

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  config: { type: 'string' },
  home: { type: 'string' },
  planes: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'mtls-port': { type: 'string' },
  'log-level': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'explain-config': { type: 'boolean' },
} as const;

/** The server's process. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    if (words[0] === '--show-models') {
      return await showModels(words.slice(1), process.env, (text) => process.stdout.write(text));
    }
    const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
    const { help, json, 'explain-config': asked, ...flags } = values;
    const sources = { flags, environment: process.env };
    if (help === true) process.stdout.write(HELP);
    else if (asked === true)
      process.stdout.write(explanationText(explain(SERVER_FIELDS, sources), json === true));
    else {
      const secrets = await resolveSecrets(process.env, {
        settings: Object.keys(SERVER_FIELDS),
      });
      const { environment } = secrets;
      return await serve(readConfig(SERVER_FIELDS, { flags, environment }), secrets);
    }
    return 0;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    process.stderr.write(`${error.message}\n`);
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
      process.stderr.write(`  because: ${cause.message}\n`);
    }
    const isUnparsed = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    if (isUnparsed) process.stderr.write('(`sagewai server --help` lists the options)\n');
    return isUnparsed || error instanceof ConfigError ? 2 : 1;
  }
}

async function serve(config: ServerConfig, secrets: ResolvedSecrets): Promise<number> {
  const log = createLog({ level: config.logLevel, name: 'server' });
  for (const { name, suggestion } of findMisspellings(Object.keys(SERVER_FIELDS), process.env)) {
    log.warn('a setting is not known', { setting: name, did_you_mean: suggestion });
  }
  const models = await findModels(config, secrets.environment, log);
  const certificate = await findCertificate(config);
  const objects = configuredStore(config);
  const risk = findTransportRisk(config, certificate, systemClock.now());
  if (risk !== null) log.warn(risk.what, { mend: risk.mend });
  const stop = stopSignal(() => {
    log.warn('told to stop again: ending at once');
    process.exit(1);
  });
  const waited = await waitForDatabase({
    url: ownerUrlOf(config),
    limitMs: config.databaseWaitMs,
    log,
    signal: stop.signal,
  });
  if (waited === 'stopped') return 0;
  const databases = await openDatabase(config, log);
  const exit = { code: 0 };
  let server: Server | null = null;
  try {
    const place = {
      home: expandHome(config.sagewaiHome, homedir()),
      homeIsNamed: Boolean(process.env['SAGEWAI_HOME']),
      ownerUrl: ownerUrlOf(config),
    };
    const keys = await findKeys(config, place, { databases, log });
    await ensureFirst(config, databases, { keys, log, show: (made) => showTokens(made, config) });
    server = await buildServer({
      config,
      gatewayConfig: models.config,
      databases,
      keys,
      certificate,
      objects,
      modelsFile: { text: models.text, env: secrets.environment, refresh: secrets.refresh },
      version: manifest.version,
      log,
      onOutdated: (migration) => {
        log.error('the schema is newer than this process: stopping', { migration });
        exit.code = 1;
        stop.now();
      },
    });
    const address = await listen(server, config);
    const { mtlsPort } = config;
    const mutual =
      mtlsPort === null ? {} : { mutual: await listenMutual(server, config.host, mtlsPort) };
    log.info('listening', { address, ...mutual, planes: config.planes });
    await stop.stopped;
    log.info('draining');
  } finally {
    await server?.stop(config.drainTimeoutMs);
    await databases.close();
  }
  log.info('stopped');
  return exit.code;
}

const listen = ({ app }: Server, { host, port }: ServerConfig): Promise<string> =>
  onPort(port, '--port', () => app.listen({ host, port }));

const listenMutual = ({ app }: Server, host: string, port: number): Promise<string> =>
  onPort(port, '--mtls-port', () => app.listenMutual({ host, port }));

async function onPort(port: number, flag: string, take: () => Promise<string>): Promise<string> {
  try {
    return await take();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const advice = `stop the program that has it, or choose another: ${flag} ${port + 1}`;
    throw new Error(`port ${port} is taken: ${advice}`, { cause: error });
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

/** To a person, never to the log: logs are kept, copied and read by others. */
function showTokens({ administrator, setup }: FirstTokens, { port }: ServerConfig): void {
  const gateway = `--gateway http://localhost:${port}`;
  if (administrator !== null) {
    process.stderr.write(
      `\nThe administrator's token, shown this once:\n\n  ${administrator}\n\n` +
        `Keep it: sagewai login ${gateway}\n\n`,
    );
  }
  if (setup !== null) {
    process.stderr.write(
      `\nThe setup token, shown this once: it makes the account of the first owner.\n\n` +
        `  sagewai setup --setup-token ${setup} ${gateway}\n\n`,
    );
  }
}
