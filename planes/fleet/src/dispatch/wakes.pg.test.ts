import { listen } from '@sagewai/postgres';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { WAKE_CHANNEL } from './hints.ts';
import { notifyWake } from './wakes.sql.ts';

test('what is told is heard by whoever listens', async ({ dispatch, url }) => {
  const heard = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  const listener = listen({
    url,
    channel: WAKE_CHANNEL,
    onMessage: heard.resolve,
    onReconnect: ready.resolve,
  });
  await ready.promise;
  await notifyWake(dispatch, 'replica 1:0:5');
  expect(await heard.promise).toBe('replica 1:0:5');
  await listener.close();
});
