import { expect, test } from 'vitest';

import type { HttpTarget } from '../tool.ts';
import { buildRequest } from './build-request.ts';

const target: HttpTarget = {
  method: 'POST',
  url: 'https://api.example/a/{id}?v=1',
  query: ['q'],
  headerArguments: ['X-One'],
  body: null,
  headers: { 'x-fixed': '1' },
};

test('each argument goes where it belongs', () => {
  expect(buildRequest(target, { id: 7, q: ['x', 'y z'], 'X-One': 'h', left: { n: 1 } })).toEqual({
    kind: 'built',
    method: 'POST',
    url: 'https://api.example/a/7?v=1&q=x&q=y+z',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      'x-fixed': '1',
      'x-one': 'h',
    },
    body: '{"left":{"n":1}}',
  });
  const get = { ...target, method: 'GET', query: [] } as const;
  expect(buildRequest(get, { id: 'x', n: 1 })).toMatchObject({
    url: 'https://api.example/a/x?v=1&n=1',
    body: null,
  });
  const whole = { ...target, body: 'body' };
  expect(buildRequest(whole, { id: 'x', body: [1] })).toMatchObject({ body: '[1]' });
});

test.for(['..', '.', '', '\ud800', ['a'], { a: 1 }, null])(
  'a path is not led astray by %j (A5)',
  (id) => {
    expect(buildRequest(target, { id }).kind).toBe('refused');
  },
);

test.for(['a/../b', '//evil', '@evil', '?x', '#x', '\\evil', '%2e%2e', 'é'])(
  'what stands in a path stays there: %s (A5)',
  (id) => {
    const built = buildRequest(target, { id });
    if (built.kind !== 'built') throw new Error('it is refused');
    const url = new URL(built.url);
    expect(url.origin).toBe('https://api.example');
    expect(url.pathname.split('/')).toHaveLength(3);
    expect(decodeURIComponent(url.pathname.slice('/a/'.length))).toBe(id);
  },
);

test('a header takes no line of its own', () => {
  expect(buildRequest(target, { id: 1, 'X-One': 'a\r\nx-two: b' }).kind).toBe('refused');
  expect(buildRequest(target, { id: 1, 'X-One': { a: 1 } }).kind).toBe('refused');
});
