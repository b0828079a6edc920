import { loadFunctions, loadMigrations } from '@sagewai/db';
import { listKeptSecrets } from '@sagewai/identity';
import {
  assertConfined,
  assertFunctions,
  assertSchema,
  connect,
  type Db,
  readServerVersion,
  SchemaError,
} from '@sagewai/postgres';

import { readDatabaseClock } from '../database-clock.sql.ts';
import { failure, type Finding, ok, warning } from '../finding.ts';
import { checkBreakGlass } from './break-glass.ts';
import { checkEncryption } from './encryption.ts';
import { checkMoney } from './money.ts';

const VERSION_MIN = 150_000;
const CLOCK_SKEW_MS_MAX = 2_000;

export interface DatabasePlace {
  readonly url: string;
  readonly ownerUrl: string;
}

export interface DatabaseFindings {
  readonly findings: readonly Finding[];
  /** Names of the secrets that it keeps. */
  readonly keptSecrets: readonly string[];
}

/** Reachable, new enough, migrated, bound by row-level security, in time. */
export async function checkDatabase(place: DatabasePlace): Promise<DatabaseFindings> {
  const owner = connect({
    url: place.ownerUrl,
    role: null,
    maxConnections: 1,
    connectTimeoutMs: 3_000,
  });
  try {
    return await examine(owner, place.url);
  } catch (error) {
    const mend = 'Start PostgreSQL, or correct DATABASE_URL. `sagewai up` brings its own.';
    return { findings: [failure('database', reasonOf(error), mend)], keptSecrets: [] };
  } finally {
    await owner.close().catch(() => undefined);
  }
}

async function examine(owner: Db, url: string): Promise<DatabaseFindings> {
  const version = await readServerVersion(owner);
  const found = `PostgreSQL ${version.text}`;
  if (version.number < VERSION_MIN) {
    const tooOld = failure('database', `${found} is too old`, 'Use PostgreSQL 15 or newer.');
    return { findings: [tooOld], keptSecrets: [] };
  }
  const migrations = await checkMigrations(owner);
  const findings = [ok('database', found), migrations, await checkClock(owner)];
  // The roles and tables that the others look at are made by migrations.
  if (migrations.level !== 'ok') return { findings, keptSecrets: [] };
  return {
    findings: [
      ...findings,
      ...(await checkAsRequest(url, owner)),
      ...(await checkBreakGlass(owner, new Date())),
    ],
    keptSecrets: await listKeptSecrets(owner),
  };
}

async function checkMigrations(owner: Db): Promise<Finding> {
  try {
    await assertSchema(owner, await loadMigrations());
    await assertFunctions(owner, await loadFunctions());
    return ok('migrations', 'the schema is the one of this version');
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const mend = {
      behind: 'Start the server: it brings the schema up to date.',
      newer: 'Start the newer version that made this schema.',
      changed: 'Restore the migration file: an applied one never changes.',
    }[error.reason];
    return error.reason === 'behind'
      ? warning('migrations', error.message, mend)
      : failure('migrations', error.message, mend);
  }
}

async function checkClock(owner: Db): Promise<Finding> {
  const before = Date.now();
  const database = await readDatabaseClock(owner);
  const middle = (before + Date.now()) / 2;
  const skewMs = Math.round(Math.abs(database.getTime() - middle));
  const found = `${skewMs} ms apart from the database`;
  if (skewMs <= CLOCK_SKEW_MS_MAX) return ok('clock', found);
  return warning('clock', found, 'Let both machines keep time by NTP: tokens expire by the clock.');
}

/** What requests may, and what only they can tell. */
async function checkAsRequest(url: string, owner: Db): Promise<Finding[]> {
  const db = connect({ url, role: 'sagewai_request', maxConnections: 1, connectTimeoutMs: 3_000 });
  try {
    await assertConfined(db, 'sagewai_request');
    const confined = ok('isolation', 'connections run as sagewai_request');
    const money = await checkMoney(db, owner).catch((error: unknown) =>
      failure('money', reasonOf(error), 'Run it again when the database is less busy.'),
    );
    return [confined, money, ...(await checkEncryption(db))];
  } catch (error) {
    const mend = 'Connect directly, or through a pooler that keeps connection options.';
    return [failure('isolation', reasonOf(error), mend)];
  } finally {
    await db.close().catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
