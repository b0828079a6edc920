import type { IncomingHttpHeaders } from 'node:http';

import type { StreamInput } from '@sagewai/http';
import { describe, expect, test } from 'vitest';

import { chainOf, NO_FALLBACKS } from '../routing/fallbacks.ts';
import { readWishes, wished } from './call-wishes.ts';

const read = (body: object, headers: IncomingHttpHeaders = {}) =>
  readWishes({
    body,
    raw: Buffer.from(JSON.stringify(body)),
    request: { headers },
  } as unknown as StreamInput);

const ASK = { model: 'a', messages: [] };
const CONFIGURED = { ...NO_FALLBACKS, generic: new Map([['a', ['x']]]), byDefault: ['y'] };
const chain = (
  body: object,
  headers: IncomingHttpHeaders = {},
  kind: 'generic' | 'context' = 'generic',
) => {
  const said = read({ ...ASK, ...body }, headers);
  return chainOf(said ? wished(CONFIGURED, said.wishes) : CONFIGURED, kind, 'a');
};

test('a call that says nothing is the same call', () => {
  expect(read(ASK, { 'x-litellm-timeout': '3' })).toBeUndefined();
});

test('what it says is taken out of what goes on, and nothing else', () => {
  const said = read({ ...ASK, num_retries: 2, fallbacks: ['b'], temperature: 1 });
  expect(said?.wishes.retries).toBe(2);
  expect(said?.input.raw.toString()).toBe('{"model":"a","messages":[],"temperature":1}');
  expect(said?.input.body).toEqual({ ...ASK, temperature: 1 });
});

test.each([
  [{ fallbacks: ['b', 'c'] }, {}, ['b', 'c']],
  [{ fallbacks: [{ model: 'b' }] }, {}, ['b']],
  [{ fallbacks: [{ a: ['b'] }, { z: ['c'] }] }, {}, ['b']],
  [{ fallbacks: [] }, {}, []],
  [{ disable_fallbacks: true }, {}, []],
  [{}, { 'x-sagewai-fallbacks': 'b, c' }, ['b', 'c']],
  [{ num_retries: 1 }, {}, ['x']],
])(
  'fallbacks of a request stand in the place of those that are configured: %j %j',
  (body, headers, models) => {
    expect(chain(body, headers)).toEqual(models);
  },
);

test('a kind that it does not name is as configured', () => {
  expect(chain({ context_window_fallbacks: [{ a: ['big'] }] }, {}, 'context')).toEqual(['big']);
  expect(chain({ context_window_fallbacks: [{ a: ['big'] }] })).toEqual(['x']);
});

describe('retries', () => {
  test.each([
    [{ num_retries: 0 }, {}, 0],
    [{ num_retries: 99 }, {}, 10],
    [{ num_retries: null, fallbacks: [] }, {}, undefined],
    [{ num_retries: 5 }, { 'x-litellm-num-retries': '2' }, 2],
    [{}, { 'x-sagewai-num-retries': '1' }, 1],
  ])('%j %j', (body, headers, retries) => {
    expect(read({ ...ASK, ...body }, headers)?.wishes.retries).toBe(retries);
  });
});

test.each([
  [{ num_retries: -1 }, {}, 'num_retries must be a number'],
  [{ num_retries: 1.5 }, {}, 'num_retries must be a number'],
  [{}, { 'x-litellm-num-retries': 'many' }, 'x-litellm-num-retries must be'],
  [{ fallbacks: 'b' }, {}, 'fallbacks must be a list of models'],
  [{ fallbacks: [{ model: 'b', messages: [] }] }, {}, 'fallbacks must be'],
  [{ fallbacks: Array.from({ length: 11 }, () => 'b') }, {}, 'at most 10'],
  [{ fallbacks: [{ a: 'b' }] }, {}, 'fallbacks must be'],
  [{}, { 'x-sagewai-fallbacks': 'b,,c' }, 'x-sagewai-fallbacks must be'],
])('what cannot be read is a mistake of the caller: %j %j', (body, headers, message) => {
  expect(() => read({ ...ASK, ...body }, headers)).toThrow(
    expect.objectContaining({ code: 'request.invalid', detail: expect.stringContaining(message) }),
  );
});
