import { randomUUID } from 'node:crypto';

import { startEmbeddedPostgres, type EmbeddedPostgres } from '@sagewai/embedded-postgres';
import type { TestCluster } from '@sagewai/testing';
import pg from 'pg';

import type { Stage } from './stage.ts';

/** A database of its own for one stage. */
export interface Database {
  /** The login that migrates and serves; no superuser. */
  readonly url: string;
  /** The superuser: sees every row, for assertions. */
  readonly adminUrl: string;
}

/** An empty database on the PostgreSQL of the test run; the first server migrates it. */
export async function makeDatabase(stage: Stage, cluster: TestCluster): Promise<Database> {
  const name = `e2e_${randomUUID().replaceAll('-', '')}`;
  const owner = pg.escapeIdentifier(new URL(cluster.url).username);
  await query(cluster.adminUrl, `create database ${name} owner ${owner}`);
  stage.defer('the database', () => query(cluster.adminUrl, `drop database ${name} with (force)`));
  return { url: named(cluster.url, name), adminUrl: named(cluster.adminUrl, name) };
}

/** A PostgreSQL of its own, as `up` starts it: it syncs to the disk, and comes back when it is killed. */
export async function startPostgres(
  stage: Stage,
  options: { home: string; fsync?: boolean } = { home: stage.folder },
): Promise<EmbeddedPostgres> {
  const quiet = (): void => undefined;
  const postgres = await startEmbeddedPostgres({
    home: options.home,
    log: { info: quiet, warn: quiet, error: quiet },
    fsync: options.fsync ?? true,
    settings: { max_connections: 200 },
    onLost: (error) => console.error('PostgreSQL is lost', error),
  });
  stage.defer('PostgreSQL', () => postgres.stop());
  return postgres;
}

/** One statement by whoever the URL names. */
export async function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

function named(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
