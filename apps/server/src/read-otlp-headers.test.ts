import { expect, test } from 'vitest';

import { readOtlpHeaders } from './read-otlp-headers.ts';

test('headers of a collector are read as OpenTelemetry writes them', () => {
  expect(readOtlpHeaders('Authorization=Basic%20eA==, x-team = a=b ,x-broken=%zz')).toEqual({
    authorization: 'Basic eA==',
    'x-team': 'a=b',
    'x-broken': '%zz',
  });
  expect(readOtlpHeaders('')).toEqual({});
  expect(readOtlpHeaders('nothing,=x,a b=c')).toEqual({});
});
