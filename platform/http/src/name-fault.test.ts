import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { nameFault } from './name-fault.ts';

const failing = (fields: object, message = 'inner words'): Error =>
  Object.assign(new Error(message), fields);

test('a fault is itself', () => {
  const fault = new Fault('lease.lost', 'lost');
  expect(nameFault(fault)).toBe(fault);
});

test.each([
  [failing({ code: 'ECONNREFUSED' }), 'service.unavailable'],
  [new AggregateError([], ''), 'service.broken'],
  [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), 'service.unavailable'],
  [failing({ code: 'ENOENT', syscall: 'connect' }), 'service.unavailable'],
  [failing({ code: 'ENOENT', syscall: 'open' }), 'service.broken'],
  [failing({ code: '57P01' }), 'service.unavailable'],
  [failing({ code: '08006' }), 'service.unavailable'],
  [failing({ code: '53300' }), 'service.unavailable'],
  [failing({}, 'Connection terminated unexpectedly'), 'service.unavailable'],
  [failing({}, 'timeout exceeded when trying to connect'), 'service.busy'],
  [failing({}, 'Query read timeout'), 'service.unavailable'],
  [failing({}, 'Cannot use a pool after calling end on the pool'), 'service.unavailable'],
  [failing({ code: '40P01' }), 'service.busy'],
  [failing({ code: '57014' }), 'service.busy'],
  [failing({ code: '22008' }), 'request.invalid'],
  [failing({ code: '22009' }), 'request.invalid'],
  [failing({ code: '22P05' }), 'request.invalid'],
  [failing({ code: '54001' }), 'request.invalid'],
  [failing({ code: '22P02', routine: 'json_errsave_error' }), 'request.invalid'],
  [failing({ code: '22P02', routine: 'string_to_uuid' }), 'service.broken'],
  [failing({ code: '23505' }), 'service.broken'],
  [failing({ code: 'toString' }), 'service.broken'],
  ['a string', 'service.broken'],
  [undefined, 'service.broken'],
])('%o is %s', (thrown, code) => {
  const fault = nameFault(thrown);
  expect(fault.code).toBe(code);
  expect(fault.detail).not.toContain('inner words');
  expect(fault.cause).toBe(thrown);
});
