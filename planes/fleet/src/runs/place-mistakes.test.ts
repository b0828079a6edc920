import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { placeMistakes } from './place-mistakes.ts';

const failing = (path: string): Promise<never> =>
  Promise.reject(
    new Fault('request.invalid', 'no', {
      detail: 'why',
      mistakes: [{ part: 'body', path, message: 'm' }],
    }),
  );

test.each([
  ['', '/0/payload/sealed', '/payload/sealed'],
  ['/runs', '/2/region', '/runs/2/region'],
  ['/tasks', '/0/region', '/tasks/0/region'],
  ['', '/region', '/region'],
] as const)('in a body of %j, %s is %s', async (list, path, told) => {
  await expect(placeMistakes(list, failing(path))).rejects.toMatchObject({
    code: 'request.invalid',
    detail: 'why',
    mistakes: [{ part: 'body', path: told, message: 'm' }],
  });
});

test('other failures and results pass as they are', async () => {
  expect(await placeMistakes('', Promise.resolve(1))).toBe(1);
  const bug = new Error('bug');
  await expect(placeMistakes('', Promise.reject(bug))).rejects.toBe(bug);
});
