import { loadFunctions, loadMigrations } from '@sagewai/db';
import { startEmbeddedPostgres } from '@sagewai/embedded-postgres';
import { migrate } from '@sagewai/postgres';
import pg from 'pg';

import { quickHome, removeAbandonedHomes } from './temp-home.ts';

/** What a test needs to make a database of its own. */
export interface TestCluster {
  /** The login that migrates and serves; no superuser. */
  readonly url: string;
  readonly adminUrl: string;
  readonly version: string;
}

export interface RunningTestCluster extends TestCluster {
  readonly stop: () => Promise<void>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** `TEST_POSTGRES_BIN_DIR`; empty for the embedded PostgreSQL. */
    postgresBinDir: string;
    testCluster: TestCluster;
  }
}

export const TEMPLATE = 'test_template';

/** A PostgreSQL for one run, with a migrated template that no test can change. */
export async function startTestCluster(options: {
  binDir: string | null;
}): Promise<RunningTestCluster> {
  await removeAbandonedHomes();
  const home = await quickHome();
  const postgres = await startEmbeddedPostgres({
    home: home.path,
    log: { info: () => undefined, warn: console.warn, error: console.error },
    fsync: false,
    settings: { max_connections: 300, max_wal_size: '256MB' },
    ...(options.binDir === null ? {} : { binDir: options.binDir }),
  });
  const stop = async (): Promise<void> => {
    await postgres.stop();
    await home.remove();
  };
  try {
    await makeTemplate(postgres.url, postgres.adminUrl);
  } catch (error) {
    await stop();
    throw error;
  }
  const { url, adminUrl, version } = postgres;
  return { url, adminUrl, version, stop };
}

/** Migrated by the login that migrates in production, so that a right it lacks is missed here first. */
async function makeTemplate(url: string, adminUrl: string): Promise<void> {
  await administer(
    adminUrl,
    `create database ${TEMPLATE} owner ${pg.escapeIdentifier(userOf(url))}`,
  );
  await migrate({
    url: withDatabase(url, TEMPLATE),
    migrations: await loadMigrations(),
    functions: await loadFunctions(),
  });
  // A connection to a template makes every clone of it fail.
  await administer(adminUrl, `alter database ${TEMPLATE} with allow_connections false`);
}

export async function administer(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

export const userOf = (url: string): string => new URL(url).username;
