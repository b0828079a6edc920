import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { createTeardown } from './teardown.ts';

test('undoes in the reverse order, past what fails, and a second caller waits', async () => {
  const said: string[] = [];
  const undone: string[] = [];
  const teardown = createTeardown((line) => said.push(line));
  teardown.defer('database', async () => void undone.push('database'));
  teardown.defer('broken', () => Promise.reject(new Error('will not')));
  teardown.defer('server', async () => {
    await setImmediate();
    undone.push('server');
  });
  const first = teardown.run();
  await teardown.run();
  expect(undone).toEqual(['server', 'database']);
  await first;
  expect(said).toEqual(['could not stop broken: will not']);
});
