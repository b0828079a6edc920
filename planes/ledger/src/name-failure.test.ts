import { expect, test } from 'vitest';

import { isRefusedStatement, mayHaveHappened } from './name-failure.ts';

const coded = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code });

test.each([
  ['a constraint', coded('23514'), true, false],
  ['a deadlock', coded('40P01'), true, false],
  ['a statement that took too long', coded('57014'), true, false],
  ['our own bug', new TypeError('x is undefined'), true, false],
  ['nobody listening', coded('ECONNREFUSED'), false, false],
  ['too many connections', coded('53300'), false, false],
  ['a server that is starting', coded('57P03'), false, false],
  ['no connection in time', new Error('timeout exceeded when trying to connect'), false, false],
  ['a server that goes down', coded('57P01'), false, true],
  ['a broken connection', coded('ECONNRESET'), false, true],
  ['a lost answer', new Error('Connection terminated unexpectedly'), false, true],
])('%s', (_, error, isRefused, mayHave) => {
  expect(isRefusedStatement(error)).toBe(isRefused);
  expect(mayHaveHappened(error)).toBe(mayHave);
});
