import { describe, expect, test } from 'vitest';

import { judgeHead } from './judge-head.ts';

const NOW = new Date('2026-11-28T00:00:00Z');
const answered = (status: number, headers = {}) =>
  judgeHead({ kind: 'head', status, headers }, NOW, false);
const broken = (kind: 'unreachable' | 'lost' | 'late' | 'aborted') =>
  judgeHead({ kind: 'failed', failure: { kind, cause: undefined } }, NOW, false);

test('what was asked for is an answer', () => {
  expect(answered(200)).toEqual({ kind: 'answered' });
  expect(answered(200, { 'content-type': 'application/json' })).toEqual({ kind: 'answered' });
});

test.for<[number, object]>([
  [201, {}],
  [204, {}],
  [302, { location: '/' }],
  [200, { 'content-type': 'text/html' }],
  [200, { 'content-type': 'text/event-stream' }],
  [200, { 'content-encoding': 'gzip' }],
])('%i with %j is none, and may have been charged (R1, R4)', ([status, headers]) => {
  expect(answered(status, headers)).toMatchObject({
    because: 'garbage',
    isBillable: true,
    mayRepeat: false,
  });
});

test.for([400, 402, 410, 413, 422, 451])('%i is the caller’s own affair', (status) => {
  expect(answered(status)).toEqual({ kind: 'refused' });
});

test.for([408, 409, 425, 429, 500, 502, 503, 504, 529])(
  '%i is a failure that costs nothing and may pass',
  (status) => {
    expect(answered(status)).toMatchObject({ kind: 'failed', isBillable: false, mayRepeat: true });
  },
);

test.for([401, 403, 404])('%i is a failure of that deployment alone', (status) => {
  expect(answered(status)).toMatchObject({ kind: 'failed', isBillable: false, mayRepeat: false });
});

test('only what certainly was not sent costs nothing, and what was sent is not repeated (R1, R4)', () => {
  expect(broken('unreachable')).toMatchObject({ isBillable: false, mayRepeat: true });
  expect(broken('lost')).toMatchObject({ isBillable: true, mayRepeat: false });
  expect(broken('late')).toMatchObject({ isBillable: true, mayRepeat: false });
  expect(broken('aborted')).toEqual({ kind: 'left' });
});

describe('what a provider asks for', () => {
  test.for([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': 'Sat, 28 Nov 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sat, 28 Nov 2020 00:00:30 GMT' }, 0],
    [{ 'retry-after': '99999999' }, 600_000],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-1' }, null],
    [{}, null],
  ] as const)('%j is %d ms', ([headers, ms]) => {
    const verdict = answered(429, headers);
    expect(verdict.kind === 'failed' && verdict.retryAfterMs).toBe(ms);
  });
});
