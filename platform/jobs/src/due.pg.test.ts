import { sql } from '@sagewai/postgres';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { readDue } from './due.sql.ts';

test('asks any number of questions in one statement, each answered in its place', async ({
  dispatch,
}) => {
  const before = dispatch.statementCount();
  const answers = await readDue(dispatch, [
    sql`select 1.5`,
    sql`select null::float8`,
    sql`select 0 where ${false}`,
    sql`select ${-20}::integer`,
  ]);
  expect(answers).toEqual([1.5, null, null, -20]);
  expect(dispatch.statementCount() - before).toBe(1);
});
