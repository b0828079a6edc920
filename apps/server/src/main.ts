import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ConfigError, explain, findMisspellings, readConfig } from '@sagewai/config';
import { type GatewayConfig, readGatewayConfig } from '@sagewai/gateway';
import { ensureAdministrator, ensureOrganization, listOrganizationIds } from '@sagewai/identity';
import { createLog, type Log } from '@sagewai/log';

import manifest from '../package.json' with { type: 'json' };
import { SERVER_FIELDS, type ServerConfig } from './config.ts';
import { keepOrMakeSecret, type SecretPlace } from './keep-secrets.ts';
import { type Databases, openDatabase } from './open-database.ts';
import { checkServerKeys, parseServerKeys, type ServerKeys } from './server-keys.ts';
import { buildServer, type Server } from './server.ts';

const HELP = `Usage: sagewai server [options]

Serves the whole product on an existing PostgreSQL (DATABASE_URL). \`sagewai up\` brings one.

  --host ADDRESS      where to listen (HOST; 127.0.0.1)
  --port N            the port (PORT; 8000)
  --config FILE       a litellm-config.yaml with models, prices and providers (SAGEWAI_CONFIG)
  --home DIR          where secrets made at first start are kept (SAGEWAI_HOME; ~/.sagewai)
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
  'log-level': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'explain-config': { type: 'boolean' },
} as const;

/** The server's process. Returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
    const { help, json, 'explain-config': asked, ...flags } = values;
    const sources = { flags, environment: process.env };
    if (help === true) process.stdout.write(HELP);
    else if (asked === true) process.stdout.write(explained(sources, json === true));
    else return await serve(readConfig(SERVER_FIELDS, sources));
    return 0;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    process.stderr.write(`${error.message}\n`);
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
      process.stderr.write(`  because: ${cause.message}\n`);
    }
    const isUsage =
      error instanceof ConfigError ||
      ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    return isUsage ? 2 : 1;
  }
}

async function serve(config: ServerConfig): Promise<number> {
  const log = createLog({ level: config.logLevel, name: 'server' });
  for (const { name, suggestion } of findMisspellings(Object.keys(SERVER_FIELDS), process.env)) {
    log.warn('a setting is not known', { name, did_you_mean: suggestion });
  }
  const stop = stopSignal(log);
  const gatewayConfig = await readModels(config, log);
  const databases = await openDatabase(config, log);
  const exit = { code: 0 };
  let server: Server | null = null;
  try {
    const keys = await findKeys(config, databases, log);
    await ensureFirst(config, databases, log);
    server = buildServer({
      config,
      gatewayConfig,
      databases,
      keys,
      version: manifest.version,
      log,
      onOutdated: (migration) => {
        log.error('the schema is newer than this process: stopping', { migration });
        exit.code = 1;
        stop.now();
      },
    });
    const address = await server.app.listen({ host: config.host, port: config.port });
    log.info('listening', { address, planes: config.planes });
    await stop.stopped;
    log.info('draining');
  } finally {
    await server?.stop(config.drainTimeoutMs);
    await databases.close();
  }
  log.info('stopped');
  return exit.code;
}

async function readModels(config: ServerConfig, log: Log): Promise<GatewayConfig> {
  const path = config.sagewaiConfig;
  if (path !== null && !existsSync(path))
    throw new ConfigError([`SAGEWAI_CONFIG: there is no file ${path}`]);
  const file = path === null ? null : { text: await readFile(path, 'utf8'), env: process.env };
  const read = readGatewayConfig(config, file, new Date());
  if (read.kind === 'refused') throw new ConfigError(read.mistakes);
  if (read.ignored.length > 0) {
    log.warn('the models file has settings that are not used', { ignored: read.ignored });
  }
  return read.config;
}

async function findKeys(config: ServerConfig, databases: Databases, log: Log): Promise<ServerKeys> {
  const place: SecretPlace = {
    home: resolve(config.sagewaiHome.replace(/^~(?=\/|$)/, homedir())),
    homeIsNamed: Boolean(process.env['SAGEWAI_HOME']),
    ownerUrl: config.migrationDatabaseUrl ?? config.databaseUrl,
  };
  const given = {
    JWT_SECRET: config.jwtSecret?.reveal() ?? null,
    SAGEWAI_ENCRYPTION_KEY: config.sagewaiEncryptionKey?.reveal() ?? null,
  };
  const kept = {
    JWT_SECRET: await keepOrMakeSecret('JWT_SECRET', given.JWT_SECRET, place),
    SAGEWAI_ENCRYPTION_KEY: await keepOrMakeSecret(
      'SAGEWAI_ENCRYPTION_KEY',
      given.SAGEWAI_ENCRYPTION_KEY,
      place,
    ),
  };
  for (const [name, { source, made }] of Object.entries(kept)) {
    if (made) log.warn(`${name} was missing: one was made, and is kept`, { where: source });
  }
  const keys = parseServerKeys(kept.JWT_SECRET.value, kept.SAGEWAI_ENCRYPTION_KEY.value);
  await checkServerKeys(databases.request, keys);
  return keys;
}

/** Nobody off this machine may find a server that has no administrator, or whose token nobody saw. */
async function ensureFirst(
  config: ServerConfig,
  { request, dispatch }: Databases,
  log: Log,
): Promise<void> {
  const administrator = await ensureAdministrator(dispatch, {
    token: config.sagewaiAdminToken?.reveal(),
  });
  if (administrator.kind === 'made') {
    process.stderr.write(
      `\nThe administrator's token, shown this once:\n\n  ${administrator.token}\n\n` +
        `Keep it: sagewai login --gateway http://localhost:${config.port}\n\n`,
    );
  }
  const known = await listOrganizationIds(request, { limit: 1 });
  if (known.length === 0) {
    const made = await ensureOrganization(request, {
      name: config.sagewaiOrganization,
      actor: 'server',
    });
    log.info('the first organization was made', { name: made.organization.name });
  }
}

function stopSignal(log: Log): { readonly stopped: Promise<void>; now(): void } {
  const { promise, resolve: stop } = Promise.withResolvers<void>();
  let firstAt: number | null = null;
  const press = (): void => {
    if (firstAt === null) {
      firstAt = performance.now();
      stop();
    } else if (performance.now() - firstAt > 1_000) {
      log.warn('told to stop again: ending at once');
      process.exit(1);
    }
  };
  process.on('SIGTERM', press);
  process.on('SIGINT', press);
  return { stopped: promise, now: stop };
}

function explained(sources: Parameters<typeof explain>[1], json: boolean): string {
  const rows = explain(SERVER_FIELDS, sources);
  if (json) return `${JSON.stringify(rows)}\n`;
  return rows
    .map((row) => `${row.name}=${row.value ?? ''}  (${row.source}) ${row.description}\n`)
    .join('');
}
