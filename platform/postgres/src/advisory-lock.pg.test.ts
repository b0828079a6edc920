import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { seekAdvisoryLock, withAdvisoryLock } from './advisory-lock.sql.ts';
import { sql } from './statement.ts';

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

test('a seeker takes over when the holder’s session ends', async ({ db, owner }) => {
  const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const stop = [new AbortController(), new AbortController()];
  const lost = Promise.withResolvers<void>();
  const seek = (index: 0 | 1): Promise<void> =>
    seekAdvisoryLock(db, 'leader', {
      signal: stop[index]?.signal ?? AbortSignal.abort(),
      everyMs: 20,
      pingEveryMs: 20,
      onHeld: () => held[index]?.resolve(),
      onLost: () => lost.resolve(),
    });
  const first = seek(0);
  await held[0]?.promise;
  const second = seek(1);

  await sql`
    select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
      and database = (select oid from pg_database where datname = current_database())
  `.execute(owner);
  await lost.promise;
  stop[0]?.abort();
  await held[1]?.promise;
  stop[1]?.abort();
  await Promise.all([first, second]);
});
