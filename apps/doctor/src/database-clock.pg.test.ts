import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { checkDatabase } from './checks/database.ts';
import { readDatabaseClock } from './database-clock.sql.ts';

test('reads the clock of the database', async ({ db }) => {
  const apartMs = Math.abs((await readDatabaseClock(db)).getTime() - Date.now());
  expect(apartMs).toBeLessThan(60_000);
});

test('a database that is up to date passes every check', async ({ url }) => {
  const { findings } = await checkDatabase({ url, ownerUrl: url });
  expect(findings.map(({ check, level }) => [check, level])).toEqual([
    ['database', 'ok'],
    ['migrations', 'ok'],
    ['clock', 'ok'],
    ['isolation', 'ok'],
  ]);
});

test('a database that is not there is one failure, with what mends it', async () => {
  const url = 'postgresql://nobody@127.0.0.1:1/none';
  const { findings } = await checkDatabase({ url, ownerUrl: url });
  expect(findings).toMatchObject([{ check: 'database', level: 'failure' }]);
  expect(findings[0]?.mend).toMatch(/sagewai up/);
});
