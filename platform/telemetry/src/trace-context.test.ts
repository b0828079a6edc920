import { expect, test } from 'vitest';

import { continueTrace, traceparentOf } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test('goes on with the trace of a sane traceparent, under a part of its own', () => {
  const context = continueTrace(`00-${TRACE}-${PARENT}-01`, false);
  expect(context).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, isSampled: true });
  expect(context?.spanId).toMatch(/^(?!00f067)[0-9a-f]{16}$/);
  if (context) expect(traceparentOf(context)).toBe(`00-${TRACE}-${context.spanId}-01`);
  expect(continueTrace(`00-${TRACE}-${PARENT}-02`, true)).toMatchObject({ isSampled: false });
  expect(continueTrace(`cc-${TRACE}-${PARENT}-01-what-comes-later`, false)?.traceId).toBe(TRACE);
});

test.each([
  undefined,
  [`00-${TRACE}-${PARENT}-01`],
  '',
  `00-${'0'.repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `ff-${TRACE}-${PARENT}-01`,
  `00-${TRACE.toUpperCase()}-${PARENT}-01`,
  `00-${TRACE}-${PARENT}-01-more`,
  `00-${TRACE}-${PARENT}`,
])('begins a trace, where it may, in place of %s', (header) => {
  expect(continueTrace(header, false)).toBeNull();
  const begun = continueTrace(header, true);
  expect(begun).toMatchObject({ parentSpanId: null, isSampled: true });
  expect(begun?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(begun?.traceId).not.toBe(TRACE);
});
