import { expect, test } from 'vitest';

import { decideDelivery } from './decide-delivery.ts';

const RETRY_MS = [100, 200];

test.each([
  [200, 1, { kind: 'delivered' }],
  [299, 3, { kind: 'delivered' }],
  [301, 1, { kind: 'again', afterMs: 100 }],
  [500, 2, { kind: 'again', afterMs: 200 }],
  [null, 1, { kind: 'again', afterMs: 100 }],
  [503, 3, { kind: 'failed' }],
  [410, 1, { kind: 'gone' }],
])('an answer of %s to attempt %s', (status, attempts, expected) => {
  expect(decideDelivery({ status, attempts }, RETRY_MS, 0.5)).toEqual(expected);
});

test('waits vary, so that receivers that come back are not hit at once', () => {
  expect(decideDelivery({ status: 500, attempts: 1 }, RETRY_MS, 0)).toEqual({
    kind: 'again',
    afterMs: 80,
  });
  expect(decideDelivery({ status: 500, attempts: 1 }, RETRY_MS, 1)).toEqual({
    kind: 'again',
    afterMs: 120,
  });
});
