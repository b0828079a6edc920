import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { currentCredentials, runEnvironment, withCredentials } from './run-scope.ts';

const base = { PATH: process.env['PATH'], REGION: 'eu', PASSWORD: 'of the process' };

test('two runs at the same time see each their own, and nobody outside sees either', async () => {
  const env = runEnvironment(base);
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const run = (password: string): Promise<string | undefined> =>
    withCredentials({ env_overrides: { PASSWORD: password } }, async () => {
      if (password === 'second') begun.resolve();
      await go.promise; // both are under way
      return env['PASSWORD'];
    });
  const both = [run('first'), run('second')];
  await begun.promise;
  expect(env['PASSWORD']).toBe('of the process');
  expect(currentCredentials()).toEqual({});
  go.resolve();
  expect(await Promise.all(both)).toEqual(['first', 'second']);
  expect(process.env['PASSWORD']).toBeUndefined();
});

test('is an environment: spread for a child process, and nobody writes into it', async () => {
  const env = runEnvironment(base);
  const overrides = { env_overrides: { PASSWORD: 'own', ADDED: 'x' } };
  const { seen, said } = await withCredentials(overrides, async () => ({
    seen: { ...env },
    said: await promisify(execFile)('/bin/sh', ['-c', 'echo $PASSWORD $ADDED $REGION'], {
      env: { ...env },
    }),
  }));
  expect(seen).toEqual({ ...base, PASSWORD: 'own', ADDED: 'x' });
  expect(said.stdout).toBe('own x eu\n');
  expect('ADDED' in env).toBe(false);
  expect(env['toString']).toBeUndefined();
  expect(() => Object.assign(env, { REGION: 'us' })).toThrow(TypeError);
  expect(base.REGION).toBe('eu');
});
