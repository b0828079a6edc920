import { loadFunctions, loadMigrations } from '@sagewai/db';
import type { Log } from '@sagewai/log';
import {
  assertConfined,
  assertSchema,
  connect,
  type Db,
  migrate,
  type Migration,
} from '@sagewai/postgres';

export interface Databases {
  /** Serves requests, bound by row-level security. */
  readonly request: Db;
  /** Reaches the dispatch list only. */
  readonly dispatch: Db;
  /** As `request`, for the ledger alone: its batches never wait for a connection behind requests. */
  readonly ledger: Db;
  readonly migrations: readonly Migration[];
  close(): Promise<void>;
}

export interface DatabaseSettings {
  readonly databaseUrl: string;
  readonly migrationDatabaseUrl: string | null;
  readonly databasePoolMax: number;
  readonly dispatchPoolMax: number;
  readonly databasePreparedStatements: boolean;
  readonly databaseTimeoutMs: number;
  readonly testClockOffsetSeconds: number;
}

/** A batch of reservations and one of settlements, two for a context that is kept, and one to spare. */
const LEDGER_POOL_MAX = 5;

/** Brings the schema of a database that is up up to date, and opens the two bound pools. */
export async function openDatabase(settings: DatabaseSettings, log: Log): Promise<Databases> {
  const migrations = await loadMigrations();
  const applied = await migrateAsOwner(settings, migrations);
  if (applied.length > 0)
    log.info('the schema was brought up to date', {
      migrations: applied.filter((name) => !name.includes('/')),
      functions: applied.filter((name) => name.includes('/')).length,
    });

  const open = (role: 'sagewai_request' | 'sagewai_dispatch', maxConnections: number): Db =>
    connect({
      url: settings.databaseUrl,
      role,
      maxConnections,
      applicationName: role.replace('_', '-'),
      preparedStatements: settings.databasePreparedStatements,
      statementTimeoutMs: 30_000,
      answerTimeoutMs: settings.databaseTimeoutMs,
      clockOffsetSeconds: settings.testClockOffsetSeconds,
      onConnectionError: (error) => log.debug('an idle connection broke', { error }),
    });
  const request = open('sagewai_request', settings.databasePoolMax);
  const dispatch = open('sagewai_dispatch', settings.dispatchPoolMax);
  const ledger = open('sagewai_request', LEDGER_POOL_MAX);
  const databases: Databases = {
    request,
    dispatch,
    ledger,
    migrations,
    close: async () => {
      await Promise.all([request, dispatch, ledger].map((pool) => pool.close()));
    },
  };
  try {
    await assertConfined(request, 'sagewai_request');
    await assertConfined(dispatch, 'sagewai_dispatch');
    await assertSchema(request, migrations);
    return databases;
  } catch (error) {
    // An open pool would keep the process from ending.
    await databases.close();
    throw error;
  }
}

async function migrateAsOwner(
  settings: DatabaseSettings,
  migrations: readonly Migration[],
): Promise<string[]> {
  const { databaseUrl, migrationDatabaseUrl } = settings;
  try {
    return await migrate({
      url: ownerUrlOf(settings),
      migrations,
      functions: await loadFunctions(),
      ...(migrationDatabaseUrl ? { servingLogin: loginOf(databaseUrl) } : {}),
    });
  } catch (cause) {
    if (!isForbidden(cause)) throw cause;
    const name = migrationDatabaseUrl ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL';
    const needed = 'the owner of the database, with CREATEROLE for the first start';
    const advice = migrationDatabaseUrl ? '' : '; MIGRATION_DATABASE_URL may name it apart';
    throw new Error(`the login of ${name} may not change the schema: give ${needed}${advice}`, {
      cause,
    });
  }
}

/** PostgreSQL's `insufficient_privilege`, or what it was the cause of. */
function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === '42501') || isForbidden(error.cause);
}

/** The login that may change the schema. */
export const ownerUrlOf = (
  settings: Pick<DatabaseSettings, 'databaseUrl' | 'migrationDatabaseUrl'>,
): string => settings.migrationDatabaseUrl ?? settings.databaseUrl;

function loginOf(url: string): string {
  const authority = /^\w+:\/\/([^@/?]*)@/.exec(url)?.[1] ?? '';
  const login = decodeURIComponent(authority.split(':')[0] ?? '');
  if (login === '') throw new Error('DATABASE_URL names no login to serve as');
  return login;
}
