import { parseArgs } from 'node:util';

import {
  ConfigError,
  explain,
  explanationText,
  findMisspellings,
  readConfig,
} from '@sagewai/config';
import { createLog } from '@sagewai/log';

import manifest from '../package.json' with { type: 'json' };
import { SERVER_FIELDS, type ServerConfig } from './config.ts';
import { openServer } from './open-server.ts';
import { type ResolvedSecrets, resolveSecrets } from './secrets/resolve-secrets.ts';
import type { Server } from './server.ts';
import { showModels } from './show-models.ts';
import { stopSignal } from './stop-signal.ts';

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
  --log-level LEVEL   debug, info, warning or error (LOG_LEVEL; info)
  --migrate-only      bring the schema up to date, and end

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
  'migrate-only': { type: 'boolean' },
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
    if (words[0] === '--break-glass') {
      const { breakGlass } = await import('./break-glass/break-glass-command.ts');
      return await breakGlass(words.slice(1), process.env, (text) => process.stdout.write(text));
    }
    const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
    const { help, json, 'explain-config': asked, 'migrate-only': migratesOnly, ...flags } = values;
    const sources = { flags, environment: process.env };
    if (help === true) process.stdout.write(HELP);
    else if (asked === true)
      process.stdout.write(explanationText(explain(SERVER_FIELDS, sources), json === true));
    else {
      const secrets = await resolveSecrets(process.env, {
        settings: Object.keys(SERVER_FIELDS),
      });
      const { environment } = secrets;
      const config = readConfig(SERVER_FIELDS, { flags, environment });
      if (migratesOnly !== true) return await serve(config, secrets);
      return await (await import('./migrate-only.ts')).migrateOnly(config);
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
  const stop = stopSignal(() => {
    log.warn('told to stop again: ending at once');
    process.exit(1);
  });
  const exit = { code: 0 };
  const opened = await openServer({
    config,
    secrets,
    log,
    homeIsNamed: Boolean(process.env['SAGEWAI_HOME']),
    version: manifest.version,
    signal: stop.signal,
    onOutdated: (migration) => {
      log.error('the schema is newer than this process: stopping', { migration });
      exit.code = 1;
      stop.now();
    },
  });
  if (opened === 'stopped') return 0;
  const { server } = opened;
  try {
    const address = await listen(server, config);
    const { mtlsPort } = config;
    const mutual =
      mtlsPort === null ? {} : { mutual: await listenMutual(server, config.host, mtlsPort) };
    log.info('listening', { address, ...mutual, planes: config.planes });
    await stop.stopped;
    log.info('draining');
  } finally {
    await opened.close(config.drainTimeoutMs);
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
