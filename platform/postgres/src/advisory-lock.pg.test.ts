import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { withAdvisoryLock } from './advisory-lock.sql.ts';

test('a second holder is told that it is busy, and a third finds it free again', async ({ db }) => {
  const outer = await withAdvisoryLock(db, 'a', async () => {
    const inner = await withAdvisoryLock(db, 'a', () => Promise.resolve('both'));
    const other = await withAdvisoryLock(db, 'b', () => Promise.resolve('other'));
    return [inner, other];
  });
  expect(outer).toEqual({
    kind: 'done',
    value: [{ kind: 'busy' }, { kind: 'done', value: 'other' }],
  });
  expect(await withAdvisoryLock(db, 'a', () => Promise.resolve(1))).toEqual({
    kind: 'done',
    value: 1,
  });
});

test('a throw frees it', async ({ db }) => {
  const failed = withAdvisoryLock(db, 'a', () => Promise.reject(new Error('no')));
  await expect(failed).rejects.toThrow('no');
  expect(await withAdvisoryLock(db, 'a', () => Promise.resolve(1))).toEqual({
    kind: 'done',
    value: 1,
  });
});
