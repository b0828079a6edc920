import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { listen } from './listen.ts';
import { sql } from './statement.ts';

function signal<T>(): { readonly reached: Promise<T>; readonly reach: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { reached: promise, reach: resolve };
}

test('hears what is said after it has connected, and again after its connection broke', async ({
  db,
  owner,
  url,
}) => {
  const connected = [signal<void>(), signal<void>()];
  const heard = [signal<string>(), signal<string>()];
  let connections = 0;
  let messages = 0;
  const listener = listen({
    url,
    channel: 'test_wake',
    onReconnect: () => connected[connections++]?.reach(),
    onMessage: (payload) => heard[messages++]?.reach(payload),
  });

  await connected[0]?.reached;
  await sql`select pg_notify('test_wake', 'one')`.execute(db);
  expect(await heard[0]?.reached).toBe('one');

  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'sagewai-listen-test_wake'
  `.execute(owner);
  await connected[1]?.reached;
  await sql`select pg_notify('test_wake', 'two')`.execute(db);
  expect(await heard[1]?.reached).toBe('two');
  await listener.close();
});
