import { expect, test } from 'vitest';

import { decideShipment } from './decide-shipment.ts';

const of = { retryMs: 1_000, retryMaxMs: 300_000, random: 0.5 };
const failed = (status: number | null) => ({ kind: 'failed', status, error: 'x' }) as const;

test('what is acknowledged is done', () => {
  expect(decideShipment({ kind: 'acknowledged' }, 3, of)).toEqual({ kind: 'acknowledged' });
});

test.each([
  [0, 1_000],
  [1, 2_000],
  [5, 32_000],
  [9, 300_000],
  [1_000_000, 300_000],
])('after %i failures it waits %i ms, and never gives up', (failures, afterMs) => {
  expect(decideShipment(failed(500), failures, of)).toEqual({ kind: 'again', error: 'x', afterMs });
});

test('varies by a fifth, so that sinks spread out; 410 is the end', () => {
  expect(decideShipment(failed(null), 0, { ...of, random: 0 })).toMatchObject({ afterMs: 800 });
  expect(decideShipment(failed(null), 0, { ...of, random: 1 })).toMatchObject({ afterMs: 1_200 });
  expect(decideShipment(failed(410), 0, of)).toEqual({ kind: 'gone', error: 'x' });
});
