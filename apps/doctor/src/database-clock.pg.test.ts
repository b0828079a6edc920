import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { readDatabaseClock } from './database-clock.sql.ts';

test('reads the clock of the database', async ({ db }) => {
  const apartMs = Math.abs((await readDatabaseClock(db)).getTime() - Date.now());
  expect(apartMs).toBeLessThan(60_000);
});
