import { randomUUID } from 'node:crypto';

import { connect, type ConnectOptions, type Db } from '@sagewai/postgres';
import { inject, test, type TestAPI } from 'vitest';

import { administer, TEMPLATE, userOf, withDatabase } from './test-cluster.ts';

export interface DatabaseFixtures {
  /** The test's own database by the login that serves; no superuser. */
  readonly url: string;
  /** The same database by the superuser. */
  readonly adminUrl: string;
  /** As the role of requests. */
  readonly db: Db;
  /** As the role of dispatch. */
  readonly dispatch: Db;
  /** As the superuser: sees every tenant's rows, for assertions and for moving rows in time. */
  readonly owner: Db;
  /** More connections; they are closed after the test. */
  readonly open: (options: Partial<ConnectOptions>) => Db;
}

// A statement that waits on a lock fails its test instead of hanging the run.
const STATEMENT_TIMEOUT_MS = 5000;

const FIXTURES: {
  [Name in keyof DatabaseFixtures]: (
    of: Omit<DatabaseFixtures, Name>,
    use: (value: DatabaseFixtures[Name]) => Promise<void>,
  ) => Promise<void>;
} = {
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  adminUrl: async ({}, use) => {
    const { url, adminUrl } = inject('testCluster');
    // `file_copy` skips the log: half the time of the default for a small template.
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await administer(
      adminUrl,
      `create database ${name} template ${TEMPLATE} strategy file_copy owner ${userOf(url)}`,
    );
    await use(impatient(withDatabase(adminUrl, name)));
    await administer(adminUrl, `drop database ${name} with (force)`);
  },
  url: async ({ adminUrl }, use) => {
    const database = new URL(adminUrl).pathname.slice(1);
    await use(impatient(withDatabase(inject('testCluster').url, database)));
  },
  open: async ({ url }, use) => {
    const opened: Db[] = [];
    await use((options) => {
      const db = connect({ url, role: 'sagewai_request', maxConnections: 10, ...options });
      opened.push(db);
      return db;
    });
    await Promise.all(opened.map((db) => db.close()));
  },
  db: async ({ open }, use) => {
    await use(open({ role: 'sagewai_request' }));
  },
  dispatch: async ({ open }, use) => {
    await use(open({ role: 'sagewai_dispatch' }));
  },
  owner: async ({ open, adminUrl }, use) => {
    await use(open({ url: adminUrl, role: null, maxConnections: 4 }));
  },
};

/** A test with a database of its own, cloned from the migrated template and dropped after. */
export const databaseTest: TestAPI<DatabaseFixtures> = test.extend<DatabaseFixtures>(FIXTURES);

const OF_FILE = { scope: 'file' } as const;

/** One database for all tests of a file, which leave it fit for the next: quicker by 0.3 s a test. */
export const fileDatabaseTest: TestAPI<DatabaseFixtures> = test.extend<DatabaseFixtures>({
  adminUrl: [FIXTURES.adminUrl, OF_FILE],
  url: [FIXTURES.url, OF_FILE],
  open: [FIXTURES.open, OF_FILE],
  db: [FIXTURES.db, OF_FILE],
  dispatch: [FIXTURES.dispatch, OF_FILE],
  owner: [FIXTURES.owner, OF_FILE],
});

function impatient(url: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', `-c statement_timeout=${STATEMENT_TIMEOUT_MS}`);
  return changed.href;
}
