import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Failed } from './judge-head.ts';
import { planRetry } from './plan-retry.ts';

const RULES = { retries: 3, retryAfterMs: 0, backoffMs: 100, waitMsMax: 1_000 };
const verdict = (retryAfterMs: number | null = null): Failed => ({
  kind: 'failed',
  because: '503',
  isBillable: false,
  mayRepeat: true,
  coolsAtOnce: false,
  retryAfterMs,
});
const PLAN = {
  verdict: verdict(),
  attempts: 1,
  rules: RULES,
  hasOther: false,
  hasRepeatable: true,
  random: 1,
};

test('another deployment takes the call at once, whatever the one that failed asks for', () => {
  const rules = { ...RULES, retryAfterMs: 900 };
  const plan = { ...PLAN, hasOther: true, verdict: verdict(60_000), rules };
  expect(planRetry(plan)).toEqual({ kind: 'other' });
});

test('the same one gets it again after a wait that doubles', () => {
  const waits = [1, 2, 3].map((attempts) => planRetry({ ...PLAN, attempts }));
  expect(waits).toEqual([100, 200, 400].map((waitMs) => ({ kind: 'again', waitMs })));
});

test('never before the instant that the provider named, and not at all when it is far off (R5)', () => {
  expect(planRetry({ ...PLAN, verdict: verdict(700) })).toEqual({ kind: 'again', waitMs: 700 });
  expect(planRetry({ ...PLAN, verdict: verdict(1_001) })).toEqual({ kind: 'none' });
});

test('what the configuration waits is waited, also beyond the longest backoff', () => {
  const rules = { ...RULES, retryAfterMs: 5_000 };
  expect(planRetry({ ...PLAN, rules })).toEqual({ kind: 'again', waitMs: 5_000 });
});

test('there are no more attempts than allowed, and never one before its time', () => {
  fc.assert(
    fc.property(
      fc.record({
        attempts: fc.integer({ min: 1, max: 12 }),
        hasOther: fc.boolean(),
        hasRepeatable: fc.boolean(),
        random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        verdict: fc.option(fc.nat(5_000)).map((ms) => verdict(ms)),
        rules: fc.record({
          retries: fc.nat(5),
          retryAfterMs: fc.nat(3_000),
          backoffMs: fc.integer({ min: 1, max: 2_000 }),
          waitMsMax: fc.integer({ min: 1, max: 4_000 }),
        }),
      }),
      (of) => {
        const retry = planRetry(of);
        if (of.attempts > of.rules.retries) expect(retry.kind).toBe('none');
        if (retry.kind === 'other') expect(of.hasOther).toBe(true);
        if (retry.kind !== 'again') return;
        expect(of.hasRepeatable && !of.hasOther).toBe(true);
        expect(retry.waitMs).toBeGreaterThanOrEqual(of.rules.retryAfterMs);
        expect(retry.waitMs).toBeGreaterThanOrEqual(of.verdict.retryAfterMs ?? 0);
        const { waitMsMax, retryAfterMs } = of.rules;
        expect(retry.waitMs).toBeLessThanOrEqual(Math.max(waitMsMax, retryAfterMs));
      },
    ),
  );
});
