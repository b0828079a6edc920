import { randomUUID } from 'node:crypto';

import { readDue } from '@sagewai/jobs';
import { inTransaction, sql } from '@sagewai/postgres';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { enginesDue, ownDue, type ServedEngine, servedDue } from './due.sql.ts';
import { insertEngine } from './engines.sql.ts';

const REPLICA = randomUUID();
const ENGINE = { id: 'e', model: 'm', host: '127.0.0.1', port: 4000 };

test('a server without engines has nothing to do for them; a new one is looked after, and served once it is ready', async ({
  db,
  dispatch,
}) => {
  const due = (
    running: readonly string[],
    served: readonly ServedEngine[],
  ): Promise<readonly (number | null)[]> =>
    readDue(dispatch, [ownDue(REPLICA, running), enginesDue(), servedDue(served)]);

  expect(await due([], [])).toEqual([null, null, null]);
  // A process whose row is gone is stopped.
  expect(await due(['e'], [])).toEqual([0, null, null]);
  expect(await due([], [ENGINE])).toEqual([null, null, 0]);

  const row = { ...ENGINE, kind: 'llm', options: {}, metadata: {}, memoryGb: null } as const;
  await inTransaction(db, (tx) => insertEngine(tx, { ...row, replica: REPLICA, backend: 'fake' }));
  expect(await due([], [])).toEqual([0, 0, null]);
  expect(await readDue(dispatch, [ownDue(randomUUID(), [])])).toEqual([null]);

  await sql`update engine set state = 'READY'`.execute(db);
  expect(await due([], [])).toEqual([0, 0, 0]);
  expect(await due([], [ENGINE])).toEqual([0, 0, null]);
  expect(await due([], [{ ...ENGINE, port: 4001 }])).toEqual([0, 0, 0]);
});
