import { expect, test } from 'vitest';

import { readItems } from './read-items.ts';

const options = { url: 'https://example.com/', every_seconds: 60 };

test('items are an array, or what stands there alone', () => {
  const text = '{"data":{"list":[{"id":1,"a":2},{"id":"b"},{"n":1},{"id":1,"a":3}]}}';
  expect(readItems(text, { ...options, items: '/data/list' })).toEqual({
    kind: 'items',
    items: [
      { key: 'id:1', body: { id: 1, a: 3 } },
      { key: 'id:b', body: { id: 'b' } },
      { key: expect.stringMatching(/^body:[0-9a-f]{64}$/), body: { n: 1 } },
    ],
  });
  expect(readItems('{"v":"3"}', { ...options, item_key: '/v' })).toEqual({
    kind: 'items',
    items: [{ key: 'id:3', body: { v: '3' } }],
  });
});

test.for([
  ['no json', undefined],
  ['{"a":1}', '/b'],
] as const)('%s has none', ([text, items]) => {
  expect(readItems(text, items === undefined ? options : { ...options, items }).kind).toBe(
    'unreadable',
  );
});
