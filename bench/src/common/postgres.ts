import { join } from 'node:path';

import { startEmbeddedPostgres } from '@sagewai/embedded-postgres';

import type { Bench } from './bench.ts';

export interface Postgres {
  /** The database of our server, by its owner. */
  readonly url: string;
  /** The same by the superuser: whom the isolation of organizations hides nothing from. */
  readonly adminUrl: string;
  /** An empty database beside it, by the superuser: a peer's. */
  readonly peerUrl: string;
  /** Of the postmaster. */
  readonly pid: number;
}

/** A PostgreSQL as `up` starts it, with fsync on, in a home of its own. */
export async function startPostgres(bench: Bench, name: string): Promise<Postgres> {
  const quiet = (): void => undefined;
  const warn = (message: string, fields: object = {}): void =>
    bench.say(`PostgreSQL: ${message} ${JSON.stringify(fields)}`);
  const postgres = await startEmbeddedPostgres({
    home: join(bench.folder, name),
    log: { info: quiet, warn, error: warn },
  });
  bench.teardown.defer('PostgreSQL', () => postgres.stop());
  const peerUrl = new URL(postgres.adminUrl);
  peerUrl.pathname = '/postgres';
  const adminUrl = new URL(postgres.adminUrl);
  adminUrl.pathname = new URL(postgres.url).pathname;
  return { url: postgres.url, adminUrl: adminUrl.href, peerUrl: peerUrl.href, pid: postgres.pid };
}
