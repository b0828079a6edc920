import { expect, test } from 'vitest';

import { compare, meetsTarget, type Series } from './figure.ts';
import { figuresAsJson, figuresAsTable } from './print-figures.ts';

const series: Series = {
  bench: 'gateway',
  metric: 'json.requests_per_second',
  unit: '1/s',
  target: { of: 'ratio', bound: 'at least', value: 0.4 },
};

test('a peer that was not measured gives no ratio and meets no target', () => {
  const figure = compare(series, [100, 200, 300], { name: 'bare', values: [] });
  expect(figure).toMatchObject({ ours: 200, peer: null, ratio: null, peer_name: 'bare' });
  expect(meetsTarget(figure)).toBeNull();
  expect(figuresAsTable([figure])).toContain('not measured');
});

test('a target is met at its very value', () => {
  expect(meetsTarget(compare(series, [40], { name: 'bare', values: [100] }))).toBe(true);
  expect(meetsTarget(compare(series, [39], { name: 'bare', values: [100] }))).toBe(false);
});

test('a line of JSON has exactly the fields that were promised', () => {
  const line = figuresAsJson([compare(series, [50], { name: 'bare', values: [100] })]);
  expect(JSON.parse(line)).toEqual({
    bench: 'gateway',
    metric: 'json.requests_per_second',
    unit: '1/s',
    ours: 50,
    peer: 100,
    peer_name: 'bare',
    ratio: 0.5,
  });
});
