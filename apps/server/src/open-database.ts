import { loadMigrations } from '@sagewai/db';
import type { Log } from '@sagewai/log';
import {
  assertConfined,
  assertSchema,
  connect,
  type Db,
  migrate,
  type Migration,
  readServerVersion,
} from '@sagewai/postgres';

export interface Databases {
  /** Serves requests, bound by row-level security. */
  readonly request: Db;
  /** Reaches the dispatch list only. */
  readonly dispatch: Db;
  readonly migrations: readonly Migration[];
  close(): Promise<void>;
}

export interface DatabaseSettings {
  readonly databaseUrl: string;
  readonly migrationDatabaseUrl: string | null;
  readonly databasePoolMax: number;
  readonly dispatchPoolMax: number;
  readonly databasePreparedStatements: boolean;
  readonly databaseWaitMs: number;
  readonly testClockOffsetSeconds: number;
}

const VERSION_MIN = 150_000;

/** Waits for the database, brings its schema up to date, and opens the two bound pools. */
export async function openDatabase(settings: DatabaseSettings, log: Log): Promise<Databases> {
  const owner = settings.migrationDatabaseUrl ?? settings.databaseUrl;
  const migrations = await loadMigrations();
  await waitForDatabase(owner, settings.databaseWaitMs, log);
  const applied = await migrate({
    url: owner,
    migrations,
    ...(settings.migrationDatabaseUrl ? { servingLogin: loginOf(settings.databaseUrl) } : {}),
  });
  if (applied.length > 0) log.info('the schema was brought up to date', { migrations: applied });

  const open = (role: 'sagewai_request' | 'sagewai_dispatch', maxConnections: number): Db =>
    connect({
      url: settings.databaseUrl,
      role,
      maxConnections,
      applicationName: role.replace('_', '-'),
      preparedStatements: settings.databasePreparedStatements,
      statementTimeoutMs: 30_000,
      clockOffsetSeconds: settings.testClockOffsetSeconds,
      onConnectionError: (error) => log.debug('an idle connection broke', { error }),
    });
  const request = open('sagewai_request', settings.databasePoolMax);
  const dispatch = open('sagewai_dispatch', settings.dispatchPoolMax);
  await assertConfined(request, 'sagewai_request');
  await assertConfined(dispatch, 'sagewai_dispatch');
  await assertSchema(request, migrations);
  return {
    request,
    dispatch,
    migrations,
    close: async () => void (await Promise.all([request.close(), dispatch.close()])),
  };
}

/** One clear line, then patience: compose files start the database and us at the same time. */
async function waitForDatabase(url: string, limitMs: number, log: Log): Promise<void> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    const probe = connect({ url, role: null, maxConnections: 1, connectTimeoutMs: 3_000 });
    try {
      const version = await readServerVersion(probe);
      if (version.number < VERSION_MIN) {
        throw new Error(`PostgreSQL ${version.text} is too old: 15 is the least`);
      }
      return;
    } catch (error) {
      if (!isTemporary(error) || performance.now() - startedAt > limitMs) throw error;
      if (attempt === 1) {
        log.warn('the database is not up yet; waiting for it', {
          reason: (error as Error).message,
          limit_ms: limitMs,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, 100 * 2 ** attempt)));
    } finally {
      await probe.close().catch(() => undefined);
    }
  }
}

const TEMPORARY = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNRESET',
  'ENOENT',
  '57P03',
  '53300',
  '57P01',
];

function isTemporary(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (error instanceof AggregateError) return error.errors.some(isTemporary);
  return (
    (typeof code === 'string' && TEMPORARY.includes(code)) ||
    (error instanceof Error && /timeout|terminated unexpectedly/i.test(error.message))
  );
}

function loginOf(url: string): string {
  const authority = /^\w+:\/\/([^@/?]*)@/.exec(url)?.[1] ?? '';
  const login = decodeURIComponent(authority.split(':')[0] ?? '');
  if (login === '') throw new Error('DATABASE_URL names no login to serve as');
  return login;
}
